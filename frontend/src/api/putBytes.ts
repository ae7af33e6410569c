export interface Answer {
  status: number;
  body: string;
  retryAfter: string | null;
}

export interface PutOptions {
  signal: AbortSignal;
  /** Bytes handed to the network so far. */
  onSent?: (bytes: number) => void;
}

/** Throws the signal's reason when it is aborted, and a TypeError when no answer comes, as `fetch` does. */
export type PutBytes = (url: string, bytes: ArrayBuffer, options: PutOptions) => Promise<Answer>;

/** By XMLHttpRequest, because `fetch` does not say how much of a body is sent. */
export const putBytesByXhr: PutBytes = (url, bytes, { signal, onSent }) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) { reject(signal.reason as Error); return; }
    const request = new XMLHttpRequest();
    const onAbort = () => request.abort();
    request.open('PUT', url);
    request.upload.onprogress = (event) => onSent?.(event.loaded);
    request.onload = () =>
      resolve({ status: request.status, body: request.responseText, retryAfter: request.getResponseHeader('retry-after') });
    request.onerror = () => reject(new TypeError('No answer'));
    request.onabort = () => reject(signal.reason as Error);
    request.onloadend = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    request.send(bytes);
  });

/** By `fetch`, for where there is no XMLHttpRequest. */
export const putBytesByFetch: PutBytes = async (url, bytes, { signal }) => {
  const answer = await fetch(url, { method: 'PUT', body: bytes, signal });
  return { status: answer.status, body: await answer.text(), retryAfter: answer.headers.get('retry-after') };
};
