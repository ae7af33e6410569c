import type { Client } from '../../api/client';
import type { AnalysisOptions } from '../../api/wire';
import { ModelsPanel } from '../models/ModelsPanel';
import { useModels } from '../models/useModels';
import { DropZone } from './DropZone';
import { OptionsForm } from './OptionsForm';
import type { Failure } from './state';

interface Props {
  client: Client;
  refusal: Failure | undefined;
  options: AnalysisOptions;
  onOptions: (options: AnalysisOptions) => void;
  draws: boolean;
  onDraws: (draws: boolean) => void;
  onFile: (file: File) => void;
}

export function IdleView({ client, refusal, options, onOptions, draws, onDraws, onFile }: Props) {
  const models = useModels(client);
  return (
    <section className="idle" aria-labelledby="idle-title">
      <h1 id="idle-title">See what happens in your video</h1>
      <p className="lead">
        Sightline finds people, objects and poses in every frame and draws them into your video. It begins while the upload is still running.
      </p>
      <DropZone onFile={onFile} />
      {refusal && (
        <p className="notice notice-bad" role="alert">
          {refusal.sentence} <code>{refusal.code}</code>
        </p>
      )}
      <OptionsForm options={options} models={models} onChange={onOptions} draws={draws} onDraws={onDraws} />
      <ModelsPanel models={models} />
    </section>
  );
}
