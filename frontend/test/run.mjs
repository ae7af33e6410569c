#!/usr/bin/env node
// Runs a TypeScript program of this folder through Vite's own loader: node test/run.mjs PROGRAM.ts [ARGUMENT…]
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [program, ...rest] = process.argv.slice(2);
const { module } = await runnerImport(resolve(import.meta.dirname, program), { configFile: false, logLevel: 'error' });
process.exitCode = (await module.main(rest)) ?? 0;
