import { Client } from '../api/client';
import { postFormByXhr } from '../api/postForm';
import { AnalysisPage } from '../features/analysis/AnalysisPage';
import { Logo } from './Logo';
import './app.css';

const client = new Client('', postFormByXhr);

export function App() {
  return (
    <div className="app">
      <header className="app-header">
        <a className="brand" href="/" aria-label="Sightline, start page">
          <Logo />
          <span>Sightline</span>
        </a>
        <nav aria-label="More">
          <a className="quiet-link" href="/docs">
            API
          </a>
        </nav>
      </header>
      <main className="app-main">
        <AnalysisPage client={client} />
      </main>
    </div>
  );
}
