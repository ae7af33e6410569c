import { Problem } from '../../../api/problem';
import type { UploadState } from '../../../api/wire';
import { uploadChunks, type SendChunk, type UploadObserver, type UploadSettings, type UploadSource } from './chunkUpload';
import { withRetries } from './retry';

/** How often the server may be found to have lost what it took, as one may that was killed. */
const MOST_ROUNDS = 5;

export interface Receiver {
  send: SendChunk;
  state: (signal: AbortSignal) => Promise<UploadState>;
}

/** Sends what is missing of a file until the server says that it has all. */
export async function uploadFile(
  source: UploadSource,
  receiver: Receiver,
  settings: UploadSettings,
  observer: UploadObserver,
  signal: AbortSignal,
): Promise<void> {
  let { received } = source;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (await uploadChunks({ ...source, received }, receiver.send, settings, observer, signal)) return;
    const there = await withRetries(settings, signal, receiver.state, observer.onHeld);
    // Why an analysis has failed is told by its events.
    if (there.assembled || isOver(there)) return;
    received = there.received;
  }
  throw new Problem('SERVER_FORGETFUL', 'The server does not keep the parts of the video that it takes. Tell whoever runs it.', { status: 409 });
}

/** The analysis has ended without a result. */
export function isOver({ state }: UploadState): boolean {
  return state === 'failed' || state === 'cancelled';
}
