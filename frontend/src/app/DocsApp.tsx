import { Suspense } from 'react';
import { loadDescription } from '../api/description';
import { ReferencePage } from '../features/reference/ReferencePage';
import { Header } from './Header';
import './app.css';

const loaded = loadDescription('/openapi.json');

export function DocsApp() {
  return (
    <div className="app">
      <Header link="/openapi.json" label="openapi.json" />
      <main className="app-main">
        <Suspense fallback={<p className="lead">Loading…</p>}>
          <ReferencePage loaded={loaded} origin={location.origin} />
        </Suspense>
      </main>
    </div>
  );
}
