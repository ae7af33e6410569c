import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { FakeModels } from './fakeModels';
import { FakeSession, type Faults, type Script } from './fakeSession';

export interface FakeOptions extends Partial<Script> {
  port?: number;
  host?: string;
  /** The built web app. */
  webDir?: string;
}

const POLICY =
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; connect-src 'self'";
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** A server that speaks section A of the wire contract without analysing anything. For tests and trying-out. */
export class FakeServer {
  readonly sessions = new Map<string, FakeSession>();
  /** The fields of each chunk that was sent, refused ones too, in the order of arrival. */
  readonly chunkRequests: Record<string, string>[] = [];
  readonly deleted: string[] = [];
  /** Sessions whose list of chunks was asked for, in order. */
  readonly asked: string[] = [];
  readonly models = new FakeModels();
  readonly #lost = new Set<string>();
  faults: Faults;
  readonly #options: FakeOptions;
  readonly #server: Server;

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.faults = options.faults ?? {};
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) problem(response, 500, 'INTERNAL_ERROR', String(error));
        else response.destroy();
      });
    });
  }

  static async start(options: FakeOptions = {}): Promise<FakeServer> {
    const fake = new FakeServer(options);
    await new Promise<void>((resolve) => fake.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve));
    return fake;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions.values()) session.stop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #script(): Script {
    const { frames = 120, stepMs = 40, pictures = [], retryMs = 50 } = this.#options;
    return { faults: this.faults, frames, stepMs, pictures, retryMs };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    const [, area = '', name = '', id = '', , index = ''] = pathname.split('/');
    const route = `${request.method ?? ''} /${area}/${name}`;
    if (this.#lost.has(id)) { problem(response, 410, 'SESSION_LOST', 'The session was damaged when the server stopped.'); return; }
    if (route === 'PUT /api/uploads') {
      return this.#takeChunk(request, response, { session_id: id, chunk_index: index, ...Object.fromEntries(searchParams) });
    }
    if (route === 'GET /api/stream-progress') return this.#streamProgress(request, response, id);
    if (route === 'POST /api/analyze-stream') return this.#analyzeStream(request, response);
    if (route === 'GET /api/uploads') { this.#tellUpload(response, id); return; }
    if (route === 'GET /api/sessions' && index === 'index.m3u8') { this.#tellPlaylist(response, id); return; }
    if (route === 'DELETE /api/sessions') { this.#delete(response, id); return; }
    if (name === 'models') return this.#answerModels(request, response, id, pathname.split('/')[4]);
    if (area === 'uploads') { this.#sendResult(request, response, id); return; }
    if (area === 'api') { problem(response, 404, 'NOT_FOUND', 'There is nothing here.'); return; }
    return this.#sendPage(response, pathname);
  }

  async #takeChunk(request: IncomingMessage, response: ServerResponse, fields: Record<string, string>): Promise<void> {
    const bytes = await readBody(request);
    this.chunkRequests.push(fields);
    const index = Number(fields['chunk_index']);
    const fault = this.faults.chunks?.[index]?.shift();
    if (fault === 'hang') return;
    if (fault === 'damaged') { problem(response, 422, 'CHECKSUM_MISMATCH', `Chunk ${index} does not match its sha256.`); return; }
    if (fault !== undefined) {
      const headers: Record<string, string> = this.faults.retryAfter === undefined ? {} : { 'retry-after': this.faults.retryAfter };
      problem(response, fault, `FAKE_${fault}`, `The fake refuses chunk ${index} with ${fault}.`, headers); return;
    }
    const id = fields['session_id'] ?? '';
    const session = this.#session(id, Number(fields['total_chunks']));
    const { loses = [], losesSessions = 0 } = this.faults;
    if (loses.includes(index)) loses.splice(loses.indexOf(index), 1);
    else session.chunks.set(index, bytes);
    if (session.chunks.size === 2 && losesSessions > this.#lost.size) {
      this.#lost.add(id);
      session.stop();
    }
    json(response, 200, {
      session_id: id,
      chunks_received: session.chunks.size,
      assembled: session.assembled,
      streaming: true,
      want: this.faults.want ?? [],
    });
  }

  #tellUpload(response: ServerResponse, id: string): void {
    this.asked.push(id);
    const session = this.sessions.get(id);
    if (session === undefined) { problem(response, 404, 'SESSION_NOT_FOUND', 'There is no session of this name.'); return; }
    const received = [...session.chunks.keys()].sort((a, b) => a - b).map((index) => [index, index]);
    json(response, 200, { session_id: id, received, assembled: session.assembled, state: 'processing' });
  }

  #session(id: string, total: number): FakeSession {
    let session = this.sessions.get(id);
    if (session === undefined) {
      const name = (this.sessions.size + 1).toString(16).padStart(12, '0');
      session = new FakeSession(total, `/uploads/results/${name}.mp4`, this.#script());
      this.sessions.set(id, session);
    }
    return session;
  }

  async #streamProgress(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    for (let waited = 0; waited < 30_000 && !response.destroyed; waited += 20) {
      const session = this.sessions.get(id);
      if (session !== undefined) { session.addReader(response, String(request.headers['last-event-id'] ?? '')); return; }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('event: error\ndata: {"detail":"Session not found or creation timed out","code":"SESSION_NOT_FOUND"}\n\n');
  }

  async #analyzeStream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const form = await new Response(await readBody(request), { headers }).formData();
    const file = form.get('file');
    if (!(file instanceof Blob)) throw new Error('no file in the form');
    const id = `whole-${this.sessions.size}`;
    const session = this.#session(id, 1);
    session.addReader(response, '', { 'x-session-id': id });
    session.chunks.set(0, Buffer.from(await file.arrayBuffer()));
  }

  async #answerModels(request: IncomingMessage, response: ServerResponse, name: string, change: string | undefined): Promise<void> {
    const body = this.models.answer(decodeURIComponent(name), change, (await readBody(request)).toString());
    if (body === undefined) problem(response, 404, 'MODEL_NOT_FOUND', `There is no model ${name}.`);
    else json(response, 200, body);
  }

  #tellPlaylist(response: ServerResponse, id: string): void {
    const playlist = this.sessions.get(id)?.playlist();
    if (playlist === undefined) { problem(response, 404, 'RESULT_NOT_FOUND', 'This part of the video is not there yet.'); return; }
    response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' }).end(playlist);
  }

  #delete(response: ServerResponse, id: string): void {
    this.deleted.push(id);
    this.sessions.get(id)?.stop();
    response.writeHead(204).end();
  }

  #sendResult(request: IncomingMessage, response: ServerResponse, name: string): void {
    const session = [...this.sessions.values()][Number.parseInt(name, 16) - 1];
    if (session === undefined) return problem(response, 404, 'RESULT_NOT_FOUND', 'There is no such result.');
    if (!name.endsWith('.mp4')) return void response.end('{"schema":"sightline/1"}\n');
    const bytes = session.bytes();
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const headers = { 'content-type': 'video/mp4', 'accept-ranges': 'bytes' };
    if (range === null) return void response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    const from = Number(range[1]);
    const to = range[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1;
    const span = { 'content-range': `bytes ${from}-${to}/${bytes.length}`, 'content-length': to - from + 1 };
    response.writeHead(206, { ...headers, ...span }).end(bytes.subarray(from, to + 1));
  }

  async #sendPage(response: ServerResponse, pathname: string): Promise<void> {
    const file = pathname === '/' ? '/index.html' : normalize(pathname);
    const body = this.#options.webDir && (await readFile(join(this.#options.webDir, file)).catch(() => undefined));
    if (!body) { problem(response, 404, 'NOT_FOUND', 'There is nothing here.'); return; }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' }).end(body);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, detail: string, headers: Record<string, string> = {}): void {
  const body = { type: 'about:blank', title: code, status, detail, code };
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
}
