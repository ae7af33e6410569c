import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const START_MS = 120_000;
const STOP_MS = 30_000;

/** Without what is said to the tests alone: the server refuses variables of its own name that it does not know. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^SIGHTLINE_TEST_/.test(name)));
}

/** `sightline serve` on a free port, or what takes its place by the same command line. */
export class ServerProcess {
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | string>;

  private constructor(child: ChildProcess, origin: string, exit: Promise<number | string>) {
    this.#child = child;
    this.origin = origin;
    this.#exit = exit;
  }

  /** On a free port and with the repository's models, unless `more` says otherwise. */
  static async start(dataDir: string, onLine: (line: string) => void, more: { port?: string; modelsDir?: string } = {}): Promise<ServerProcess> {
    const binary = resolve(process.env['SIGHTLINE_BIN'] ?? resolve(REPOSITORY, 'target/debug/sightline'));
    // From the repository's root, where the models lie by default.
    const args = ['serve', '--port', more.port ?? '0', '--data-dir', dataDir];
    if (more.modelsDir !== undefined) args.push('--models-dir', more.modelsDir);
    const child = spawn(binary, args, { cwd: REPOSITORY, env: serverEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    const exit = new Promise<number | string>((ended) => child.once('exit', (code, signal) => ended(code ?? signal ?? 'unknown')));
    const killIt = () => child.kill('SIGKILL');
    process.once('exit', killIt);
    void exit.then(() => process.removeListener('exit', killIt));

    const origin = await new Promise<string>((found, lost) => {
      const timer = setTimeout(() => lost(new Error(`no line "listening on" after ${START_MS / 1000} s`)), START_MS);
      const end = (error: Error) => {
        clearTimeout(timer);
        lost(error);
      };
      child.once('error', end);
      void exit.then((code) => end(new Error(`the server ended with ${code} before it listened`)));
      let rest = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          onLine(line);
          const address = /listening on (http:\/\/[^\s\x1b]+)/.exec(line)?.[1];
          if (address === undefined) continue;
          clearTimeout(timer);
          found(address.replace(/\/$/, ''));
        }
      });
    });
    return new ServerProcess(child, origin, exit);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it with SIGTERM and gives its exit code. */
  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    const late = new Promise<string>((resolve) => setTimeout(() => resolve(`still running ${STOP_MS / 1000} s after SIGTERM`), STOP_MS).unref());
    const code = await Promise.race([this.#exit, late]);
    this.#child.kill('SIGKILL');
    return code;
  }
}
