import type Hls from 'hls.js';

/** Between a connection that is lost for good and another try. */
const TRY_AGAIN_MS = 3000;

/** Plays a playlist (HTTP Live Streaming) that grows. What it returns ends that. */
export function playGrowing(element: HTMLVideoElement, url: string, startSeconds: number, onBroken: () => void): () => void {
  return playsPlaylists(element) ? playFile(element, url, onBroken) : playByHls(element, url, startSeconds, onBroken);
}

export function playFile(element: HTMLVideoElement, url: string, onBroken: () => void): () => void {
  element.addEventListener('error', onBroken);
  element.src = url;
  return () => {
    element.removeEventListener('error', onBroken);
    element.removeAttribute('src');
    // Else the element would keep what it has of the old video, and its connection.
    element.load();
  };
}

/** Safari. Chromium says that it can, too, but is at home with Media Source Extensions. */
function playsPlaylists(element: HTMLVideoElement): boolean {
  const able = element.canPlayType('application/vnd.apple.mpegurl') !== '';
  return able && ('ManagedMediaSource' in window || !('MediaSource' in window));
}

function playByHls(element: HTMLVideoElement, url: string, startSeconds: number, onBroken: () => void): () => void {
  let hls: Hls | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const begin = async () => {
    // As large as the rest of the page, and only for those who watch.
    const { default: Player } = await import('hls.js/light');
    if (ended) return;
    if (!Player.isSupported()) { onBroken(); return; }
    // The server's Content-Security-Policy has no blob: for scripts, which the worker would be; nothing is transmuxed here anyway.
    const player = (hls = new Player({ enableWorker: false, startPosition: startSeconds }));
    let recovered = false;
    player.on(Player.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === Player.ErrorTypes.NETWORK_ERROR) {
        const again = () => player.levels.length === 0 ? player.loadSource(url) : player.startLoad();
        clearTimeout(timer);
        timer = setTimeout(again, TRY_AGAIN_MS);
      } else if (type === Player.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        player.recoverMediaError();
      } else onBroken();
    });
    player.loadSource(url);
    player.attachMedia(element);
  };
  begin().catch(() => {
    if (!ended) onBroken();
  });
  return () => {
    ended = true;
    clearTimeout(timer);
    hls?.destroy();
  };
}
