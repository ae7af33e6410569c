/**
 * The words on the wire, with the server's own names. What arrives is checked here, once: optional fields
 * that are missing or of another type are absent, an event without its required fields is refused.
 */

import { number, parseJson, present, record, string } from './json';

/** A range of chunk indices, both ends included. */
export type ChunkRange = readonly [from: number, to: number];

export interface AnalysisOptions {
  /** Least confidence of a detection, 0..1. */
  confidence: number;
  /** Persons whose pose is followed at once. */
  max_poses: number;
  debug: boolean;
  /** Zones and lines to count in and over, as JSON. */
  zones?: string;
  /** A model's name, or `none`; absent for the server's own choice. */
  detector?: string | undefined;
  pose?: string | undefined;
}

/** How many are in a zone now. */
export interface ZoneCount {
  name: string;
  count: number;
}

/** How often a line was crossed. */
export interface LineCount {
  name: string;
  in: number;
  out: number;
}

/** A zone in the end. */
export interface ZoneTotals {
  name: string;
  /** Tracks that were there at least once. */
  visitors: number;
  most_at_once: number;
  /** Seconds of a stay. */
  mean_dwell: number;
}

export interface ProgressEvent {
  frame_index: number;
  total_frames?: number;
  percent?: number;
  /** Base64 of a JPEG, without `data:`. */
  preview?: string;
  /** Frames processed a second. */
  fps?: number;
  eta_seconds?: number;
  /** Detections in this frame. */
  detections?: number;
  stage?: string;
  zones?: ZoneCount[];
  lines?: LineCount[];
}

export interface Warning {
  code: string;
  detail: string;
}

export interface CompleteEvent {
  download_url: string;
  /** Frames a second of the video. */
  fps: number;
  total_frames: number;
  duration_seconds: number;
  width: number;
  height: number;
  /** Detections by class over all frames. */
  detection_summary: Record<string, number>;
  frames_with_pose: number;
  processing_time_seconds: number;
  results_url?: string;
  csv_url?: string;
  /** Detections in MOTChallenge's text format. */
  mot_url?: string;
  /** Detections and poses in COCO's JSON format. */
  coco_url?: string;
  /** What is seen when, as WebVTT. */
  captions_url?: string;
  /** Small pictures of the video in one PNG, and a WebVTT index of them. */
  sheet_url?: string;
  sheet_index_url?: string;
  /** Detections a second by class, as a PNG. */
  timeline_url?: string;
  /** Seconds that objects stood in each cell of a grid, as JSON. */
  heatmap_url?: string;
  /** What happened in zones and on lines, as JSON and as CSV. */
  zones_url?: string;
  zone_events_url?: string;
  zip_url?: string;
  zones?: ZoneTotals[];
  lines?: LineCount[];
  tracks?: number;
  audio?: string;
  rotation?: number;
  variable_frame_rate?: boolean;
  request_id?: string;
  warnings: Warning[];
}

export interface ErrorEvent {
  detail: string;
  code: string;
  /** By which the operator finds the analysis in the server's log. */
  request_id?: string;
}

export type AnalysisEvent =
  | { type: 'progress'; data: ProgressEvent }
  | { type: 'complete'; data: CompleteEvent }
  | { type: 'error'; data: ErrorEvent };

/** Undefined for an event this client does not know or cannot read. */
export function parseAnalysisEvent(type: string, data: string): AnalysisEvent | undefined {
  const body = record(parseJson(data));
  if (body === undefined) return undefined;
  switch (type) {
    case 'progress': {
      const progress = parseProgress(body);
      return progress && { type, data: progress };
    }
    case 'complete': {
      const complete = parseComplete(body);
      return complete && { type, data: complete };
    }
    case 'error':
      return {
        type,
        data: present({
          detail: string(body['detail']) ?? 'The analysis failed on the server, which gave no reason.',
          code: string(body['code']) ?? 'UNKNOWN',
          request_id: string(body['request_id']),
        }),
      };
    default:
      return undefined;
  }
}

/** A chunk's answer. */
export interface Taken {
  /** The ranges the server would like next. */
  want: ChunkRange[];
  /** Every chunk is there. */
  assembled: boolean;
}

export function parseTaken(body: string): Taken {
  const fields = record(parseJson(body));
  return { want: ranges(fields?.['want']), assembled: fields?.['assembled'] === true };
}

/** What of an upload is there. */
export interface UploadState {
  received: ChunkRange[];
  assembled: boolean;
  state: string;
}

export function parseUploadState(body: string): UploadState | undefined {
  const fields = record(parseJson(body));
  const state = string(fields?.['state']);
  return state === undefined ? undefined : { received: ranges(fields?.['received']), assembled: fields?.['assembled'] === true, state };
}

function ranges(value: unknown): ChunkRange[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (range): range is [number, number] =>
      Array.isArray(range) &&
      range.length === 2 &&
      range.every((end) => Number.isSafeInteger(end) && end >= 0) &&
      range[0] <= range[1],
  );
}

function parseProgress(body: Record<string, unknown>): ProgressEvent | undefined {
  const frame_index = number(body['frame_index']);
  if (frame_index === undefined) return undefined;
  return present({
    frame_index,
    total_frames: number(body['total_frames']),
    percent: number(body['percent']),
    preview: string(body['preview']),
    fps: number(body['fps']),
    eta_seconds: number(body['eta_seconds']),
    detections: Array.isArray(body['detections']) ? body['detections'].length : number(body['detections']),
    stage: string(body['stage']),
    zones: list(body['zones'], (zone, name) => ({ name, count: number(zone['count']) ?? 0 })),
    lines: list(body['lines'], lineCount),
  });
}

function parseComplete(body: Record<string, unknown>): CompleteEvent | undefined {
  const download_url = string(body['download_url']);
  if (download_url === undefined) return undefined;
  return present({
    download_url,
    fps: number(body['fps']) ?? 0,
    total_frames: number(body['total_frames']) ?? 0,
    duration_seconds: number(body['duration_seconds']) ?? 0,
    width: number(body['width']) ?? 0,
    height: number(body['height']) ?? 0,
    detection_summary: parseSummary(body['detection_summary']),
    frames_with_pose: number(body['frames_with_pose']) ?? 0,
    processing_time_seconds: number(body['processing_time_seconds']) ?? 0,
    results_url: string(body['results_url']),
    csv_url: string(body['csv_url']),
    mot_url: string(body['mot_url']),
    coco_url: string(body['coco_url']),
    captions_url: string(body['captions_url']),
    sheet_url: string(body['sheet_url']),
    sheet_index_url: string(body['sheet_index_url']),
    timeline_url: string(body['timeline_url']),
    heatmap_url: string(body['heatmap_url']),
    zones_url: string(body['zones_url']),
    zone_events_url: string(body['zone_events_url']),
    zip_url: string(body['zip_url']),
    zones: list(body['zones'], zoneTotals),
    lines: list(body['lines'], lineCount),
    request_id: string(body['request_id']),
    tracks: number(body['tracks']),
    audio: string(body['audio']),
    rotation: number(body['rotation']),
    variable_frame_rate: typeof body['variable_frame_rate'] === 'boolean' ? body['variable_frame_rate'] : undefined,
    warnings: parseWarnings(body['warnings']),
  });
}

/** What has a name. */
function list<T>(value: unknown, read: (item: Record<string, unknown>, name: string) => T): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((item) => {
    const fields = record(item);
    const name = string(fields?.['name']);
    return fields === undefined || name === undefined ? [] : [read(fields, name)];
  });
}

function lineCount(line: Record<string, unknown>, name: string): LineCount {
  return { name, in: number(line['in']) ?? 0, out: number(line['out']) ?? 0 };
}

function zoneTotals(zone: Record<string, unknown>, name: string): ZoneTotals {
  return {
    name,
    visitors: number(zone['visitors']) ?? 0,
    most_at_once: number(zone['most_at_once']) ?? 0,
    mean_dwell: number(record(zone['dwell'])?.['mean']) ?? 0,
  };
}

function parseSummary(value: unknown): Record<string, number> {
  const counts = Object.entries(record(value) ?? {}).filter((entry): entry is [string, number] => number(entry[1]) !== undefined);
  return Object.fromEntries(counts);
}

function parseWarnings(value: unknown): Warning[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    const warning = record(item);
    const detail = string(warning?.['detail']);
    return detail === undefined ? [] : [{ code: string(warning?.['code']) ?? '', detail }];
  });
}
