import type { Client } from '../../../api/client';
import { pause } from '../../../api/pause';
import { Problem } from '../../../api/problem';
import type { Playlist } from '../../../api/playlist';

export interface WatchSettings {
  /** Between two looks at the playlist. */
  everyMs: number;
}

export const WATCH_SETTINGS: WatchSettings = { everyMs: 1000 };

/** With less than two segments a player would stop as soon as it has begun. */
const ENOUGH_SEGMENTS = 2;

export function isWatchable({ segments, ended }: Playlist): boolean {
  return segments >= ENOUGH_SEGMENTS || (ended && segments > 0);
}

/**
 * The address of the annotated video once there is enough of it to be played. Undefined where there will be none: the
 * session is gone, or the server does not know of such videos. Throws the signal's reason.
 */
export async function untilWatchable(
  client: Pick<Client, 'playlist' | 'playlistUrl'>,
  sessionId: string,
  { everyMs }: WatchSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    try {
      if (isWatchable(await client.playlist(sessionId, signal))) return client.playlistUrl(sessionId);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code !== 'RESULT_NOT_FOUND' && !error.passing) return undefined;
    }
    await pause(everyMs, signal);
  }
}
