import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { texts } from '../texts/index.ts';
import { useIsSmall } from './ui.tsx';

export type Column<Row> = {
  name: string;
  /** A CSS grid track: `minmax(12rem, 2fr)`. */
  width: string;
  cell: (row: Row) => ReactNode;
};

const rowHeight = 44;
/** In pixels: of a line of a card, and of what surrounds its lines. */
const cardLine = 27;
const cardFrame = 21;

/**
 * A table of any length: only the rows in view are in the document, and the next page is asked for before the end is reached. Roles and
 * counts tell a screen reader what it is, since a virtual table is no `<table>`. On a small screen each row is a card.
 */
export function DataTable<Row extends { id: string }>(props: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  hasMore: boolean;
  isLoadingMore: boolean;
  onMore: () => void;
}) {
  const { label, columns, rows, hasMore, isLoadingMore, onMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isSmall = useIsSmall();
  // The row with the keyboard's focus stays, wherever one scrolls: else the focus is lost, and with it the keys that scroll.
  const [focused, setFocused] = useState<number>();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isSmall ? columns.length * cardLine + cardFrame : rowHeight),
    getItemKey: (index) => rows[index]?.id ?? index,
    rangeExtractor: (range) => withFocused(range, focused),
    overscan: isSmall ? 4 : 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the heights that were measured are of the other form.
  useEffect(() => virtual.measure(), [isSmall]);
  const items = virtual.getVirtualItems();
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= rows.length - 20) onMore();
  }, [hasMore, isLoadingMore, last, rows.length, onMore]);

  const grid = isSmall ? {} : { gridTemplateColumns: columns.map(({ width }) => width).join(' ') };
  return (
    <div className={isSmall ? 'table cards' : 'table'}>
      <div role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <div role="rowgroup">
          <div role="row" className="table-row table-head" style={grid} aria-rowindex={1}>
            {columns.map(({ name }) => (
              <div role="columnheader" key={name}>
                {name}
              </div>
            ))}
          </div>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
        <div className="table-body" ref={scroller} role="rowgroup" tabIndex={0} aria-label={label}>
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
            {items.map(({ index, start, key }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    role="row"
                    key={key}
                    ref={isSmall ? virtual.measureElement : undefined}
                    data-index={index}
                    className="table-row"
                    aria-rowindex={index + 2}
                    onFocus={() => setFocused(index)}
                    onBlur={() => setFocused(undefined)}
                    style={{
                      ...grid,
                      ...(!isSmall && { height: rowHeight }),
                      transform: `translateY(${start}px)`,
                      position: 'absolute',
                      insetInline: 0,
                    }}
                  >
                    {columns.map((column) => {
                      const content = column.cell(row);
                      // What has no room is cut off.
                      const title = typeof content === 'string' ? content : undefined;
                      return (
                        <div role="cell" key={column.name} data-label={column.name} title={title}>
                          {content}
                        </div>
                      );
                    })}
                  </div>
                )
              );
            })}
          </div>
        </div>
      </div>
      <p className="table-foot quiet" role="status">
        {isLoadingMore ? texts.table.more : texts.table.rows(rows.length)}
      </p>
    </div>
  );
}

function withFocused(range: Range, focused: number | undefined): number[] {
  const shown = defaultRangeExtractor(range);
  if (focused === undefined || focused >= range.count || shown.includes(focused)) return shown;
  return [...shown, focused].sort((a, b) => a - b);
}
