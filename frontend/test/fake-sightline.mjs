#!/usr/bin/env node
// The fake server behind the real one's command line: fake-sightline.mjs serve --port 0 --data-dir DIR
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const { module } = await runnerImport(resolve(import.meta.dirname, 'fakeCli.ts'), { configFile: false, logLevel: 'error' });
await module.main(process.argv.slice(2));
