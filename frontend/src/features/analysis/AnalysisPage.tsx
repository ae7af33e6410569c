import { useEffect, useReducer, useRef, useState } from 'react';
import type { Client } from '../../api/client';
import { CancelledView, FailedView } from './FailedView';
import { IdleView } from './IdleView';
import { DEFAULT_OPTIONS } from './options';
import { useAnalysis, type Analysis } from './useAnalysis';
import { checkFile } from './videoFile';
import { announcement, pageTitle } from './words';
import { Workspace } from './Workspace';
import { draw, EMPTY } from './zones/drawing';
import { planText } from './zones/places';
import { ZoneEditor } from './zones/ZoneEditor';
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
  const [draws, setDraws] = useState(false);
  /** What was drawn last is there for the next video of the same camera. */
  const [drawing, dispatch] = useReducer(draw, EMPTY);
  /** Chosen, and waiting for its zones. */
  const [waiting, setWaiting] = useState<File>();
  switch (state.phase) {
    case 'idle': {
      if (waiting !== undefined) {
        const begin = () => {
          const zones = planText(drawing.places);
          setWaiting(undefined);
          start(waiting, zones === undefined ? options : { ...options, zones });
        };
        return <ZoneEditor file={waiting} drawing={drawing} dispatch={dispatch} onStart={begin} onBack={() => setWaiting(undefined)} />;
      }
      // What is no video is refused at once.
      const take = (file: File) => (draws && checkFile(file).ok ? setWaiting(file) : start(file, options));
      return (
        <IdleView
          client={client}
          refusal={state.refusal}
          options={options}
          onOptions={setOptions}
          draws={draws}
          onDraws={setDraws}
          onFile={take}
        />
      );
    }
    case 'running':
    case 'complete':
      return <Workspace state={state} onCancel={cancel} onAnother={reset} />;
    case 'failed':
      return <FailedView file={state.file} failure={state.failure} onAgain={tryAgain} onAnother={reset} />;
    case 'cancelled':
      return <CancelledView file={state.file} onAgain={tryAgain} onAnother={reset} />;
  }
}
