import { describe, expect, it } from 'vitest';
import { distinct, faultOf, freeName, movedBy, planText, type Place } from './places';

const zone = (name: string, points: Place['points'] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]): Place => ({ kind: 'zone', name, points });
const line = (name: string): Place => ({ kind: 'line', name, points: [[0, 0.5], [1, 0.5]] });

describe('planText', () => {
  it('is what the server takes, and nothing where nothing is drawn', () => {
    expect(planText([])).toBeUndefined();
    const plan: unknown = JSON.parse(planText([line('gate'), zone(' door ', [[0.123456, 0], [1, 0], [1, 1]])]) ?? '');
    expect(plan).toEqual({
      zones: [{ name: 'door', points: [[0.1235, 0], [1, 0], [1, 1]] }],
      lines: [{ name: 'gate', points: [[0, 0.5], [1, 0.5]] }],
    });
  });
});

describe('movedBy', () => {
  it('stops at the picture’s edge and keeps the shape', () => {
    expect(movedBy([[0.25, 0.5], [0.75, 0.5]], [0.5, -0.75])).toEqual([[0.5, 0], [1, 0]]);
  });
});

describe('distinct', () => {
  it('takes the two clicks of a double click for one', () => {
    expect(distinct([[0, 0], [0.5, 0.5], [0.503, 0.5], [0.5, 0.9]])).toEqual([[0, 0], [0.5, 0.5], [0.5, 0.9]]);
  });
});

describe('freeName', () => {
  it('counts on until a name is free', () => {
    expect(freeName('zone', [zone('Zone 1'), line('Zone 2')])).toBe('Zone 3');
    expect(freeName('line', [])).toBe('Line 1');
  });
});

describe('faultOf', () => {
  it('finds what the server would refuse', () => {
    const bowTie = zone('bow tie', [[0, 0], [1, 1], [1, 0], [0, 1]]);
    const flat = zone('flat', [[0, 0], [0.5, 0.5], [1, 1]]);
    const places = [zone('door'), bowTie, flat, zone('twice'), line('twice'), line(' ')];
    expect(places.map((place) => faultOf(place, places))).toEqual([
      undefined,
      'Its edges cross',
      'It has no area',
      'Another one has this name',
      'Another one has this name',
      'It needs a name',
    ]);
  });
});
