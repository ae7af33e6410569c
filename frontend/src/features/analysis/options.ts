import type { AnalysisOptions } from '../../api/wire';

/** The server's own defaults. */
export const DEFAULT_OPTIONS: AnalysisOptions = { confidence: 0.25, max_poses: 5, debug: false };

export const CONFIDENCE = { min: 0.05, max: 0.95, step: 0.05 } as const;
export const MAX_POSES = { min: 0, max: 20, step: 1 } as const;
