import { Client } from '../api/client';
import { putBytesByXhr } from '../api/putBytes';
import { AnalysisPage } from '../features/analysis/AnalysisPage';
import { Header } from './Header';
import './app.css';

const client = new Client('', putBytesByXhr);

export function App() {
  return (
    <div className="app">
      <Header link="/docs" label="API" />
      <main className="app-main">
        <AnalysisPage client={client} />
      </main>
    </div>
  );
}
