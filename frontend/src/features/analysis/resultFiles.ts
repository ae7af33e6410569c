import type { CompleteEvent } from '../../api/wire';

export interface ResultFile {
  title: string;
  /** The kind of file, as its name ends. */
  kind: string;
  /** What it is good for. */
  note: string;
  url: string;
}

type Urls = { [K in keyof CompleteEvent as K extends `${string}_url` ? K : never]: CompleteEvent[K] };

const FILES: readonly [field: keyof Urls, title: string, kind: string, note: string][] = [
  ['results_url', 'JSON Lines', 'JSONL', 'Every frame with its detections and poses'],
  ['csv_url', 'Detections', 'CSV', 'One a row, for spreadsheets'],
  ['mot_url', 'MOTChallenge', 'TXT', 'Boxes and tracks, for tracking tools'],
  ['coco_url', 'COCO', 'JSON', 'Detections and poses, for training tools'],
  ['captions_url', 'Captions', 'VTT', 'What is seen when, for video players'],
  ['sheet_url', 'Contact sheet', 'PNG', 'Small pictures of the video at even steps'],
  ['sheet_index_url', 'Index of the sheet', 'VTT', 'Which picture shows which time'],
  ['timeline_url', 'Timeline', 'PNG', 'Detections a second, by class'],
  ['heatmap_url', 'Heat map', 'JSON', 'Where objects stood and for how long, as numbers'],
  ['zones_url', 'Zones and lines', 'JSON', 'Every stay and crossing, and how many over time'],
  ['zone_events_url', 'Zone events', 'CSV', 'Who came, went and crossed when, one a row'],
];

/** What the server made beside the video, in the order in which it is offered. */
export function resultFiles(result: CompleteEvent): ResultFile[] {
  return FILES.flatMap(([field, title, kind, note]) => {
    const url = result[field];
    return url === undefined ? [] : [{ title, kind, note, url }];
  });
}

/** The name of a saved file: of its video, with the whole ending (`.coco.json`) that the server gave it. */
export function savedAs(videoName: string, url: string): string {
  const name = url.split('/').at(-1) ?? '';
  const dot = name.indexOf('.');
  return videoName.replace(/\.[^.]*$/, '') + (dot < 0 ? '' : name.slice(dot));
}
