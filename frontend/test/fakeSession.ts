import type { ServerResponse } from 'node:http';

/** What goes wrong, chosen by a test. */
export interface Faults {
  /** The first answers for a chunk, by its index: a status, 'hang' for none at all, 'damaged' for a checksum that does not match. */
  chunks?: Record<number, (number | 'hang' | 'damaged')[]>;
  /** Chunks that are answered for and lost, once each. */
  loses?: number[];
  /** So many sessions are lost, each when it has two chunks. */
  losesSessions?: number;
  retryAfter?: string;
  /** The event connection is cut once, after this many events with somebody to hear them. */
  cutEventsAfter?: number;
  /** The analysis ends with this instead of a result, after some frames. */
  error?: { detail: string; code: string; request_id?: string };
  warnings?: { code: string; detail: string }[];
  /** The container does not tell the number of frames. */
  totalUnknown?: boolean;
  /** In each chunk's answer. */
  want?: [number, number][];
  /** Each reader is first told that it has missed something. */
  resets?: boolean;
}

export interface Script {
  faults: Faults;
  frames: number;
  /** Between two progress events. */
  stepMs: number;
  pictures: Buffer[];
  retryMs: number;
}

const PIXEL =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z';
const RESET = 'event: reset\ndata: {"detail":"Events in between are no longer kept; the newest state follows."}\n\n';
const PREVIEW_INTERVAL = 10;

/** One analysis that only pretends: frames pass as chunks arrive, and the "annotated" video is the upload itself. */
export class FakeSession {
  readonly chunks = new Map<number, Buffer>();
  /** The `Last-Event-ID` of each connection. */
  readonly lastEventIds: string[] = [];
  readonly #script: Script;
  readonly #total: number;
  readonly #resultUrl: string;
  readonly #readers = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = Date.now();
  #frame = 0;
  #eventId = 0;
  #newest = '';
  #heard = 0;
  #cut = false;
  ended = false;

  constructor(total: number, resultUrl: string, script: Script) {
    this.#total = total;
    this.#resultUrl = resultUrl;
    this.#script = script;
    this.#timer = setInterval(() => this.#step(), script.stepMs);
  }

  get assembled(): boolean {
    return this.chunks.size === this.#total;
  }

  bytes(): Buffer {
    return Buffer.concat([...this.chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk));
  }

  /** What of the "annotated" video there is, in segments of 60 frames. */
  playlist(): string | undefined {
    const segments = Math.floor(this.#frame / 60);
    if (segments === 0) return undefined;
    const lines = Array.from({ length: segments }, (_, index) => `#EXTINF:2.000000,\n${index}.m4s\n`);
    return `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="init.mp4"\n${lines.join('')}${this.ended ? '#EXT-X-ENDLIST\n' : ''}`;
  }

  addReader(response: ServerResponse, lastEventId: string, headers: Record<string, string> = {}): void {
    this.lastEventIds.push(lastEventId);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', ...headers });
    response.write(`retry: ${this.#script.retryMs}\n\n: keepalive\n\n${this.#script.faults.resets === true ? RESET : ''}${this.#newest}`);
    if (this.ended) return void response.end();
    this.#readers.add(response);
    response.on('close', () => this.#readers.delete(response));
  }

  /** As a network does: what is on its way is lost. */
  cutReaders(): void {
    for (const reader of this.#readers) reader.destroy();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.ended = true;
    for (const reader of this.#readers) reader.end();
  }

  #step(): void {
    const { frames, faults, pictures } = this.#script;
    const first = this.chunks.get(0);
    if (first === undefined) return;
    if (!looksLikeVideo(first)) {
      return this.#end('error', {
        detail: 'This is not a video file Sightline can read. Its content is none of the supported containers.',
        code: 'UNSUPPORTED_CONTAINER',
      });
    }
    if (faults.error !== undefined && this.#frame >= frames / 2) return this.#end('error', faults.error);
    const reachable = this.assembled ? frames : Math.floor((frames * this.chunks.size) / this.#total);
    this.#frame = Math.min(this.#frame + PREVIEW_INTERVAL, reachable);
    if (this.#frame >= frames) return this.#end('complete', this.#result());
    const seconds = (Date.now() - this.#startedAt) / 1000;
    const fps = this.#frame / seconds;
    const picture = pictures[Math.floor((this.#frame / frames) * pictures.length)];
    this.#send('progress', {
      frame_index: this.#frame,
      total_frames: faults.totalUnknown === true ? null : frames,
      percent: faults.totalUnknown === true ? null : (this.#frame / frames) * 100,
      preview: picture?.toString('base64') ?? PIXEL,
      fps,
      eta_seconds: faults.totalUnknown === true || fps === 0 ? null : (frames - this.#frame) / fps,
      detections: 5 + (Math.floor(this.#frame / 10) % 4),
      stage: 'analyzing',
    });
  }

  #result() {
    const { frames, faults } = this.#script;
    return {
      download_url: this.#resultUrl,
      results_url: this.#resultUrl.replace('.mp4', '.jsonl'),
      csv_url: this.#resultUrl.replace('.mp4', '.csv'),
      fps: 29.97,
      total_frames: frames,
      duration_seconds: frames / 29.97,
      width: 1280,
      height: 720,
      detection_summary: { person: 2184, bicycle: 311, backpack: 164, handbag: 97, car: 42, dog: 12 },
      frames_with_pose: Math.round(frames * 0.93),
      processing_time_seconds: (Date.now() - this.#startedAt) / 1000,
      tracks: 23,
      audio: 'copied',
      rotation: 0,
      variable_frame_rate: false,
      warnings: faults.warnings ?? [],
    };
  }

  #end(type: string, data: object): void {
    this.#send(type, data);
    this.stop();
  }

  #send(type: string, data: object): void {
    this.#eventId += 1;
    this.#newest = `id: ${this.#eventId}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    if (this.#readers.size > 0) this.#heard += 1;
    const cut = !this.#cut && this.#readers.size > 0 && this.#heard >= (this.#script.faults.cutEventsAfter ?? Infinity);
    this.#cut ||= cut;
    for (const reader of this.#readers) reader.write(this.#newest, () => cut && reader.destroy());
  }
}

function looksLikeVideo(head: Buffer): boolean {
  const box = head.toString('latin1', 4, 8);
  return ['ftyp', 'moov', 'mdat', 'wide'].includes(box) || head.readUInt32BE(0) === 0x1a45dfa3 || head.toString('latin1', 0, 4) === 'RIFF';
}
