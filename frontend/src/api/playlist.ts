/** As much of a playlist of HTTP Live Streaming (RFC 8216) as tells whether there is something to play. */
export interface Playlist {
  segments: number;
  /** There will be no more. */
  ended: boolean;
}

export function parsePlaylist(text: string): Playlist {
  const lines = text.split(/\r?\n/);
  const head = lines[0]?.trimEnd() === '#EXTM3U';
  return {
    segments: head ? lines.filter((line) => line.startsWith('#EXTINF:')).length : 0,
    ended: head && lines.some((line) => line.trimEnd() === '#EXT-X-ENDLIST'),
  };
}
