// The dashboard: what GET /v1/events streams, drawn; and what the buttons ask, told. No library, and nothing from
// elsewhere: it works where there is no internet.

const kHistory = 180;  // seconds that the plots show
const kLeastHistory = 60;
const kEvents = 300;   // lines of the events' log

const $ = id => document.getElementById(id);

// ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function bytes(n) {
  if (n === null || n === undefined) return '–';
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (n < 1024 || unit === 'GiB') return `${n < 10 && unit !== 'B' ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1024;
  }
}

function duration(s) {
  if (s === null || s === undefined) return '–';
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

const latency = s => s !== null && s !== undefined && s < 0.01 ? `${(s * 1000).toFixed(1)} ms` : duration(s);
const clock = ms => new Date(ms).toLocaleTimeString('en-GB');
const isKnown = value => value !== null && value !== undefined;
const count = n => isKnown(n) ? Math.round(n).toLocaleString('en') : '–';
const percent = share => isKnown(share) ? `${Math.round(share * 100)} %` : '–';

function tone(state) {
  if (['ready', 'serving'].includes(state)) return 'good';
  if (['degraded', 'killed', 'aborting', 'offline'].includes(state)) return 'bad';
  return 'warn';
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ── plots ─────────────────────────────────────────────────────────────────────────────────────────────────────────

class Plot {
  constructor(id, write, least) {
    this.output = $(id);
    this.svg = $(`${id}-plot`);
    this.peak = this.output.parentElement.appendChild(element('small'));
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.area = this.svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
    this.line = this.svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
    this.area.classList.add('area');
    this.write = write;
    this.least = least;  // what the height stands for at least, so that noise doesn't fill it
    this.values = [];
  }

  /// null: there is nothing to tell; it is drawn as nothing, and said as "–".
  add(value) {
    this.output.textContent = this.write(value);
    if (!isKnown(value)) return;
    this.values.push(value);
    if (this.values.length > kHistory) this.values.shift();
    const most = Math.max(this.least, ...this.values);
    const span = Math.max(kLeastHistory, this.values.length);
    this.svg.setAttribute('viewBox', `0 0 ${span} 100`);
    const from = span - this.values.length;
    const points = this.values.map((v, i) => `${from + i + 1} ${(100 - v / most * 100).toFixed(1)}`);
    const path = `M${points.join('L')}`;
    this.line.setAttribute('d', path);
    this.area.setAttribute('d', `${path}L${span} 100L${from + 1} 100Z`);
    this.peak.textContent = `max ${this.write(Math.max(...this.values))}`;
    this.svg.setAttribute('aria-label', `last ${this.values.length} s, at most ${this.write(Math.max(...this.values))}`);
  }
}

const plots = {
  rate: new Plot('rate', count, 10),
  busy: new Plot('busy', percent, 1),
  lag: new Plot('lag', duration, 0.01),
  p50: new Plot('p50', latency, 0.01),
  p99: new Plot('p99', latency, 0.01),
  flight: new Plot('flight', count, 10),
  connections: new Plot('connections', count, 10),
  memory: new Plot('memory', bytes, 1024 * 1024),
};

// ── status ────────────────────────────────────────────────────────────────────────────────────────────────────────

let wanted = 0;
let mayAct = false;

function showState(state, title) {
  $('state').textContent = state;
  $('state').className = `badge ${tone(state)}`;
  $('state').title = title || '';
  document.title = state === 'serving' ? 'girin' : `girin: ${state}`;
}

function showFacts(status) {
  const facts = {
    version: status.version, pid: status.pid, generation: status.generation, up: duration(status.uptime_s),
    listening: status.listeners.join(', '),
  };
  $('facts').replaceChildren(...Object.entries(facts).map(([name, value]) => {
    const pair = element('div');
    pair.append(element('dt', name), element('dd', value));
    return pair;
  }));
  $('name').textContent = status.name || '';
}

function showReload(last) {
  const words = {running: 'is under way', committed: 'serves', rolled_back: 'was rolled back'};
  if (!last) return $('last-reload').replaceChildren();
  const text = `${clock(last.at_ms)}: generation ${last.generation} ${words[last.outcome] || last.outcome}`;
  $('last-reload').replaceChildren(element('span', last.reason ? `${text}: ${last.reason}` : text,
                                           last.outcome === 'rolled_back' ? 'bad' : ''));
}

/// Its word, and how it is shown.
function stateOf(slot) {
  return slot.held_up ? ['held up', 'state bad'] : [slot.state, `state ${tone(slot.state)}`];
}

/// The request that keeps its loop, or a thread of its pool.
function heldBy(slot) {
  const held = slot.held_by;
  return held ? `${held.request} from ${held.peer} keeps its ${held.where} for ${duration(held.for_s)}` : '';
}

function busyMeter(share) {
  const made = cell('busy');
  const meter = element('span', undefined, share > 0.9 ? 'meter full' : 'meter');
  meter.append(element('i'));
  meter.firstChild.style.width = `${Math.round(share * 100)}%`;
  made.append(meter, element('span', percent(share)));
  return made;
}

/// "2/4", of threads; "4/4 +7" while jobs wait.
function poolCell(pool) {
  if (!pool) return cell('pool', '–', 'quiet');
  const full = pool.busy >= pool.threads;
  const made = cell('pool', `${pool.busy}/${pool.threads}${pool.queued > 0 ? ` +${pool.queued}` : ''}`, full ? 'warn' : '');
  made.title = `oldest job ${duration(pool.oldest_job_s)}, first in the queue ${duration(pool.oldest_queued_s)}`;
  return made;
}

/// `name` stands before the value where the table is too wide to have heads.
function cell(name, text, className) {
  const made = element('td', text, className);
  made.dataset.name = name;
  return made;
}

function slotRow(slot) {
  const row = element('tr');
  row.dataset.slot = slot.slot;
  const last = slot.last_exit ? `${clock(slot.last_exit.at_ms)} ${slot.last_exit.cause}` : '';
  row.append(
    cell('slot', slot.slot), cell('pid', slot.pid ?? '–'), cell('state', ...stateOf(slot)),
    cell('gen', slot.generation || '–'), cell('age', duration(slot.age_s)), busyMeter(slot.utilisation),
    cell('lag', duration(slot.lag_s), slot.lag_s >= 1 ? 'bad' : ''), poolCell(slot.pool), cell('p99', latency(slot.latency?.p99_s)),
    cell('in flight', count(slot.requests_in_flight)), cell('connections', count(slot.connections)),
    cell('requests', count(slot.requests)),
    cell('memory', bytes(slot.memory.pss_bytes ?? slot.memory.rss_bytes)), cell('exits', slot.exits),
    cell('last exit', heldBy(slot) || last, heldBy(slot) ? 'wide bad' : 'wide'), killCell(slot));
  return row;
}

function killCell(slot) {
  const made = cell('');
  if (!mayAct || slot.state !== 'ready') return made;
  const button = element('button', 'Replace');
  button.title = `Ends worker ${slot.slot} once another has taken its place`;
  button.onclick = () => ask(`Replace worker ${slot.slot} (pid ${slot.pid})?`, 'kill', {slot: slot.slot});
  made.append(button);
  return made;
}

/// Those that somebody is in, or is about to be.
const inUse = slots => slots.filter(slot => slot.state !== 'empty');

function showExits(exits) {
  const parts = Object.entries(exits).filter(([, times]) => times > 0).map(([cause, times]) => {
    const isBad = !['finished', 'killed_by_us'].includes(cause);
    return element('span', `${count(times)} ${cause.replaceAll('_', ' ')}`, isBad ? 'warn' : '');
  });
  $('exits').replaceChildren(...parts.length ? [element('span', 'exits so far:'), ...parts] : []);
}

const greatest = (slots, of) => slots.reduce((most, slot) => Math.max(most, of(slot)), 0);
const sum = (slots, of) => slots.reduce((all, slot) => all + of(slot), 0);

function showStatus(status) {
  wanted = status.workers.wanted;
  showState(status.state, status.degraded);
  showFacts(status);
  showReload(status.last_reload);
  $('count').textContent = `${status.workers.ready} of ${wanted} ready`;
  plots.rate.add(status.requests_per_second);
  const isCounted = isKnown(status.requests_per_second);  // not with --exec
  plots.busy.add(isCounted ? greatest(status.slots, slot => slot.utilisation) : null);
  plots.lag.add(isCounted ? greatest(status.slots, slot => slot.lag_s) : null);
  plots.p50.add(status.latency?.p50_s ?? null);
  plots.p99.add(status.latency?.p99_s ?? null);
  plots.flight.add(status.requests_in_flight);
  plots.connections.add(status.connections);
  plots.memory.add(sum([status, ...status.slots], part => part.memory.pss_bytes ?? part.memory.rss_bytes ?? 0));
  // A row that is being pressed must not go away under the pointer.
  if (!$('slots').querySelector('button:active')) $('slots').replaceChildren(...inUse(status.slots).map(slotRow));
  showExits(status.totals.worker_exits);
}

// ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────

function showEvent(event) {
  const tones = {debug: 'quiet', warning: 'warn', error: 'bad', critical: 'bad'};
  const line = element('li', undefined, tones[event.level]);
  const at = element('time', clock(event.at_ms));
  at.dateTime = new Date(event.at_ms).toISOString();
  line.append(at, event.text);
  $('events').prepend(line);
  while ($('events').childElementCount > kEvents) $('events').lastElementChild.remove();
}

function follow() {
  const source = new EventSource('/v1/events');
  source.addEventListener('status', message => showStatus(JSON.parse(message.data)));
  source.addEventListener('log', message => showEvent(JSON.parse(message.data)));
  source.onerror = () => showState('offline', 'the connection to the server is lost; trying again');
}

// ── what the buttons ask ──────────────────────────────────────────────────────────────────────────────────────────

function notice(text, className) {
  $('notice').textContent = text;
  $('notice').className = className;
  $('notice').hidden = false;
}

async function send(verb, body) {
  const buttons = document.querySelectorAll('#actions button');
  buttons.forEach(button => { button.disabled = true; });
  notice(`${verb} …`, 'quiet');
  try {
    const answer = await fetch(`/v1/${verb}`, {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
    });
    const {outcome, message} = await answer.json();
    notice(message || outcome, answer.ok ? 'good' : 'bad');
  } catch (error) {
    notice(`${verb}: ${error.message}`, 'bad');
  } finally {
    buttons.forEach(button => { button.disabled = false; });
  }
}

function ask(text, verb, body) {
  $('question-text').textContent = text;
  $('question').onclose = () => { if ($('question').returnValue === 'yes') send(verb, body); };
  $('question').returnValue = 'no';
  $('question').showModal();
}

async function start() {
  const access = await fetch('/v1/access');
  mayAct = access.ok && (await access.json()).actions;
  $('actions').hidden = !mayAct;
  $('reload').onclick = () => ask('Load settings and application anew?', 'reload', {});
  $('more').onclick = () => ask(`${wanted + 1} workers in place of ${wanted}?`, 'scale', {workers: wanted + 1});
  $('fewer').onclick = () => ask(`${wanted - 1} workers in place of ${wanted}?`, 'scale', {workers: wanted - 1});
  follow();
}

start();
