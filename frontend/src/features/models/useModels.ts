import { useCallback, useEffect, useRef, useState } from 'react';
import type { Client } from '../../api/client';
import type { Model, ModelList } from '../../api/models';
import { Problem } from '../../api/problem';

export interface Models {
  /** Absent until somebody has looked. */
  list: ModelList | undefined;
  /** The model that something is being done to. */
  busy: string | undefined;
  failure: string | undefined;
  look: () => void;
  load: (model: Model) => void;
  unload: (model: Model) => void;
  makeDefault: (model: Model) => void;
}

/** Nothing where the page that asked is gone. */
function sentenceOf(error: unknown): string | undefined {
  return error instanceof Problem ? error.message : undefined;
}

/** The server's models. Nothing is asked before somebody looks. */
export function useModels(client: Client): Models {
  const [list, setList] = useState<ModelList>();
  const [busy, setBusy] = useState<string>();
  const [failure, setFailure] = useState<string>();
  /** The next look may succeed; what failed of a change stays to be read until the next change. */
  const [blind, setBlind] = useState<string>();
  const mounted = useRef<AbortController>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    mounted.current = controller;
    return () => controller.abort();
  }, []);

  const look = useCallback(() => {
    const signal = mounted.current?.signal;
    if (signal === undefined) return;
    const seen = client.models(signal).then(setList);
    void seen.then(() => undefined, sentenceOf).then(setBlind);
  }, [client]);
  const change = (model: Model, how: (signal: AbortSignal) => Promise<unknown>) => {
    const signal = mounted.current?.signal;
    if (signal === undefined) return;
    setBusy(model.name);
    const told = how(signal).then(() => undefined, sentenceOf);
    // What failed may have changed the list, too.
    void told.then((sentence) => {
      setFailure(sentence);
      setBusy(undefined);
      look();
    });
  };
  return {
    list,
    busy,
    failure: failure ?? blind,
    look,
    load: (model) => change(model, (signal) => client.changeModel(model.name, 'load', signal)),
    unload: (model) => change(model, (signal) => client.changeModel(model.name, 'unload', signal)),
    makeDefault: (model) => change(model, (signal) => client.setDefaultModel(model.task, model.name, signal)),
  };
}
