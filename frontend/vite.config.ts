import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The server's Content-Security-Policy has no data: for scripts, styles and fonts.
    assetsInlineLimit: 0,
    // What the bundle carries of others must travel with their licences.
    license: { fileName: 'licences.md' },
    rolldownOptions: { input: { index: 'index.html', docs: 'docs.html' } },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': server,
      '/files': server,
      '/uploads': server,
      '/openapi.json': server,
      '^/docs$': { target: server, bypass: () => '/docs.html' },
    },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts'],
  },
});
