import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { DocsApp } from './app/DocsApp';
import './app/theme.css';
import './app/controls.css';

const root = document.getElementById('root');
if (root === null) throw new Error('docs.html has no #root');
createRoot(root).render(
  <StrictMode>
    <DocsApp />
  </StrictMode>,
);
