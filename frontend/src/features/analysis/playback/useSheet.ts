import { useEffect, useState } from 'react';
import { parseSheetIndex, type Tile } from './sheetIndex';

/** The tiles of a contact sheet; none until its index is there, nor where it cannot be had. */
export function useSheet(indexUrl: string): readonly Tile[] {
  const [tiles, setTiles] = useState<readonly Tile[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const load = async () => {
      const answer = await fetch(indexUrl, { signal: stop.signal });
      if (answer.ok) setTiles(parseSheetIndex(await answer.text()));
    };
    // The strip does without pictures.
    load().catch(() => undefined);
    return () => stop.abort();
  }, [indexUrl]);
  return tiles;
}
