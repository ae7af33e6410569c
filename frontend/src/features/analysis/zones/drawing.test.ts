import { describe, expect, it } from 'vitest';
import { draw, EMPTY, type DrawingAction } from './drawing';

const after = (actions: DrawingAction[]) => actions.reduce(draw, EMPTY);
const points = (...all: [number, number][]): DrawingAction[] => all.map((at) => ({ type: 'point', at }));

describe('draw', () => {
  it('makes a zone of three corners and more, closed by a double click', () => {
    const drawing = after([{ type: 'begin', kind: 'zone' }, ...points([0.1, 0.1], [0.6, 0.1], [0.6, 1.2], [0.601, 1]), { type: 'close' }]);
    expect(drawing).toEqual({ places: [{ kind: 'zone', name: 'Zone 1', points: [[0.1, 0.1], [0.6, 0.1], [0.6, 1]] }], selected: 0 });
  });

  it('waits for a third corner, and takes one back', () => {
    const two: DrawingAction[] = [{ type: 'begin', kind: 'zone' }, ...points([0.1, 0.1], [0.6, 0.1])];
    expect(after([...two, { type: 'close' }]).places).toEqual([]);
    expect(after([...two, { type: 'undo' }]).draft?.points).toEqual([[0.1, 0.1]]);
    expect(after([...two, { type: 'select', number: undefined }]).draft?.points.length).toBe(2);
    expect(after([...two, { type: 'cancel' }])).toEqual(EMPTY);
  });

  it('closes a line with its second point', () => {
    const drawing = after([{ type: 'begin', kind: 'line' }, ...points([0, 0.5], [1, 0.5])]);
    expect(drawing.places[0]?.points).toEqual([[0, 0.5], [1, 0.5]]);
    expect(draw(drawing, { type: 'turn', number: 0 }).places[0]?.points).toEqual([[1, 0.5], [0, 0.5]]);
  });

  it('puts one into the middle for who has no pointer, where it can be moved', () => {
    const drawing = after([{ type: 'begin', kind: 'line' }, { type: 'close' }, { type: 'movePoint', number: 0, point: 1, to: [2, 0.25] }]);
    expect(drawing.places[0]?.points).toEqual([[0.3, 0.5], [1, 0.25]]);
  });

  it('renames and removes', () => {
    const drawing = after([{ type: 'begin', kind: 'zone' }, { type: 'close' }, { type: 'begin', kind: 'line' }, { type: 'close' }]);
    const renamed = draw(drawing, { type: 'rename', number: 0, name: 'Door' });
    expect(renamed.places.map(({ name }) => name)).toEqual(['Door', 'Line 1']);
    expect(draw(renamed, { type: 'remove', number: 0 })).toEqual({ places: [renamed.places[1]], selected: 0 });
  });
});
