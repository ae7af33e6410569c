import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../api/client';
import { CancelledView, FailedView } from './FailedView';
import { IdleView } from './IdleView';
import { DEFAULT_OPTIONS } from './options';
import { useAnalysis, type Analysis } from './useAnalysis';
import { announcement, pageTitle } from './words';
import { Workspace } from './Workspace';
import './brackets.css';
import './ending.css';
import './idle.css';
import './workspace.css';

export function AnalysisPage({ client }: { client: Client }) {
  const analysis = useAnalysis(client);
  const title = pageTitle(analysis.state);
  useEffect(() => {
    document.title = title;
  }, [title]);

  const { phase } = analysis.state;
  const view = useRef<HTMLDivElement>(null);
  const shown = useRef(phase);
  useEffect(() => {
    if (shown.current === phase) return;
    shown.current = phase;
    // The control that was used is gone with its view: the keyboard goes on in the new one, not at the top of the page.
    if (document.activeElement === document.body) view.current?.focus();
  }, [phase]);

  useEffect(() => {
    // A file dropped where nothing takes it must not make the browser leave the page.
    const hold = (event: DragEvent) => event.preventDefault();
    window.addEventListener('dragover', hold);
    window.addEventListener('drop', hold);
    return () => {
      window.removeEventListener('dragover', hold);
      window.removeEventListener('drop', hold);
    };
  }, []);

  return (
    <>
      <p className="visually-hidden" role="status" aria-live="polite">
        {announcement(analysis.state)}
      </p>
      <div className="view" ref={view} tabIndex={-1}>
        <View client={client} analysis={analysis} />
      </div>
    </>
  );
}

function View({ client, analysis: { state, start, cancel, tryAgain, reset } }: { client: Client; analysis: Analysis }) {
  const [options, setOptions] = useState(DEFAULT_OPTIONS);
  switch (state.phase) {
    case 'idle':
      return <IdleView client={client} refusal={state.refusal} options={options} onOptions={setOptions} onFile={(file) => start(file, options)} />;
    case 'running':
    case 'complete':
      return <Workspace state={state} onCancel={cancel} onAnother={reset} />;
    case 'failed':
      return <FailedView file={state.file} failure={state.failure} onAgain={tryAgain} onAnother={reset} />;
    case 'cancelled':
      return <CancelledView file={state.file} onAgain={tryAgain} onAnother={reset} />;
  }
}
