// AG Grid community on our feed, driven as its manual says: rows by their symbol, changes as transactions, a sort by
// rank, no animation. `page.py` opens it beside the page and gives it the columns that the page shows.

const { lists, columns } = globalThis.wanted;
const grids = new Map();
const held = new Map();

function formatted({ value }) {
  return typeof value === 'number' ? value.toFixed(2) : (value ?? '–');
}

function made(list) {
  const box = document.body.appendChild(document.createElement('div'));
  const fields = ['rank', 'symbol', ...columns[list]].map((field) => ({
    field, width: 68, sort: field === 'rank' ? 'asc' : undefined,
    valueFormatter: field === 'rank' || field === 'symbol' ? undefined : formatted,
  }));
  return agGrid.createGrid(box, {
    columnDefs: fields, rowData: [], getRowId: ({ data }) => data.symbol, animateRows: false, rowHeight: 22,
    headerHeight: 22, theme: agGrid.themeQuartz.withPart(agGrid.colorSchemeDark), suppressColumnMoveAnimation: true,
  });
}

function take(list, deltas) {
  const rows = held.get(list);
  const changes = { add: [], remove: [], update: new Map() };
  for (const { action, symbol, rank, new_rank, data } of deltas) {
    if (action === 'remove') {
      changes.remove.push(rows.get(symbol));
      rows.delete(symbol);
    } else {
      const row = { ...rows.get(symbol), ...data, symbol };
      if (action === 'add') row.rank = rank;
      if (action === 'rerank') row.rank = new_rank;
      rows.set(symbol, row);
      if (action === 'add') changes.add.push(row);
      else changes.update.set(symbol, row);
    }
  }
  grids.get(list).applyTransaction({ ...changes, update: [...changes.update.values()] });
}

addEventListener('DOMContentLoaded', () => {
  agGrid.ModuleRegistry.registerModules([agGrid.AllCommunityModule]);
  for (const list of lists) grids.set(list, made(list));
  const socket = new WebSocket(`ws://${location.host}/ws/scanner?protocol=1`);
  socket.onopen = () => {
    for (const list of lists) socket.send(JSON.stringify({ action: 'subscribe_list', list, id: list }));
  };
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === 'snapshot') {
      held.set(frame.list, new Map(frame.rows.map((row) => [row.symbol, row])));
      grids.get(frame.list).setGridOption('rowData', frame.rows);
    } else if (frame.type === 'delta') take(frame.list, frame.deltas);
  };
});

globalThis.rowsOf = (list) => {
  const shown = [];
  grids.get(list)?.forEachNodeAfterFilterAndSort(({ data }) => shown.push(data));
  return shown;
};
