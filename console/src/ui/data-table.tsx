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
const toggleColumn = '1.75rem';
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
  /** All of a row, where its cells have no room for it: each row has a button that opens it. */
  details?: {
    /** What a screen reader calls the row. */
    nameOf: (row: Row) => string;
    of: (row: Row) => ReactNode;
    /** The row that is open, and in view, from the beginning. */
    opened?: string | undefined;
  };
}) {
  const { label, columns, rows, hasMore, isLoadingMore, onMore, details } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const isSmall = useIsSmall();
  // The row with the keyboard's focus stays, wherever one scrolls: else the focus is lost, and with it the keys that scroll.
  const [focused, setFocused] = useState<number>();
  const [opened, setOpened] = useState(() => new Set(details?.opened === undefined ? [] : [details.opened]));
  const isMeasured = isSmall || details !== undefined;
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

  const isShown = details?.opened !== undefined && rows.some(({ id }) => id === details.opened);
  useEffect(() => {
    if (isShown) scroller.current?.scrollIntoView({ block: 'center' });
  }, [isShown]);

  const widths = [...(details ? [toggleColumn] : []), ...columns.map(({ width }) => width)];
  const grid = isSmall ? {} : { gridTemplateColumns: widths.join(' ') };
  const toggle = (id: string) => {
    const next = new Set(opened);
    if (!next.delete(id)) next.add(id);
    setOpened(next);
  };
  return (
    <div className={isSmall ? 'table cards' : 'table'}>
      <div role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <div role="rowgroup">
          <div role="row" className="table-row table-head" style={grid} aria-rowindex={1}>
            {details && (
              <div role="columnheader">
                <span className="for-readers">{texts.table.details}</span>
              </div>
            )}
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
                    ref={isMeasured ? virtual.measureElement : undefined}
                    data-index={index}
                    className="table-row"
                    aria-rowindex={index + 2}
                    onFocus={() => setFocused(index)}
                    onBlur={() => setFocused(undefined)}
                    style={{
                      ...grid,
                      // A pixel is the line below it. What is open comes in a second row.
                      ...(!isSmall && { gridTemplateRows: rowHeight - 1 }),
                      transform: `translateY(${start}px)`,
                      position: 'absolute',
                      insetInline: 0,
                    }}
                  >
                    {details && (
                      <div role="cell" className="table-toggle">
                        <button
                          type="button"
                          aria-expanded={opened.has(row.id)}
                          aria-label={`${texts.table.details}: ${details.nameOf(row)}`}
                          onClick={() => toggle(row.id)}
                        />
                      </div>
                    )}
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
                    {details && opened.has(row.id) && (
                      <div role="cell" className="table-details">
                        {details.of(row)}
                      </div>
                    )}
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
