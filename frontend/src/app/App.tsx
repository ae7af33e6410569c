import { Client } from '../api/client';
import { postFormByXhr } from '../api/postForm';
import { AnalysisPage } from '../features/analysis/AnalysisPage';
import { Header } from './Header';
import './app.css';

const client = new Client('', postFormByXhr);

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
