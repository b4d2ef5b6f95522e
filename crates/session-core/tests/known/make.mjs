// Makes the known answers in this directory. It implements docs/formats.md and shares no code with
// the Rust implementation.
//
//   node make.mjs
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const now = 4102444800000 // The year 2100: a test's clock only goes forward.
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const id = 'AbCdEfGhIjKlMnOpQrStUvWx'
const next = 'zyxwvutsrqponmlkjihgfedc'
const uuid = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'

const digest = (id) => createHash('sha256').update(id).digest()
const key = (id) => digest(id).toString('base64url')
const tag = (id) => digest(id).subarray(0, 6).toString('base64url')

const writeId = (byte) => Buffer.alloc(12, byte).toString('base64url')

const meta = (id, rest = {}) => ({ v: 1, c: now - hour, i: now + hour, k: tag(id), ...rest })
const body = (...elements) => JSON.stringify(elements)

// Bodies stored under an id, and the state in which they open. `ends` is the first moment at which the
// session is no longer in that state.
const opened = [
  { what: 'two elements, as remix writes them', id: uuid, body: body({ userId: 42 }, { notice: 'Saved!' }),
    is: 'live', created: now, values: { userId: 42 }, flash: { notice: 'Saved!' } },
  { what: 'no third element but null', id, body: '[{},{},null]', is: 'live', created: now },
  { what: 'a session', id, body: body({ a: 1 }, {}, meta(id)),
    is: 'live', created: now - hour, ends: now + hour, values: { a: 1 } },
  { what: 'spaces, and members that are not known yet',
    id, body: ` [ {"a" : [1 , 2]} , { } , {"x":[{}],"v":1,"c":${now - hour},"i":${now + hour},"k":"${tag(id)}"} ,"more"]\n`,
    is: 'corrupt' },
  { what: 'spaces, and a member that is not known yet',
    id, body: ` [ {"a" : [1 , 2]} , { } , {"x":[{}],"v":1,"c":${now - hour},"i":${now + hour},"k":"${tag(id)}"} ]\n`,
    is: 'live', created: now - hour, ends: now + hour, values: { a: [1, 2] } },
  { what: 'of two equal keys the last', id, body: `[{"a":1,"a":2},{},{"v":1,"c":${now},"i":${now + hour},"k":"${tag(id)}"}]`,
    is: 'live', created: now, ends: now + hour, values: { a: 2 } },
  { what: 'keys and values with escapes', id, body: '[{"a\\"\\u00e9\\ud83c\\udf89":"\\ud83c\\udf89"},{}]',
    is: 'live', created: now, values: { 'a"é🎉': '🎉' } },
  { what: 'write ids', id, body: body({ a: 1 }, {}, meta(id, { w: writeId(1) + writeId(2) })),
    is: 'live', created: now - hour, ends: now + hour, values: { a: 1 } },
  { what: 'a lifetime of its own, beyond the policy\'s', id,
    body: body({ a: 1 }, {}, meta(id, { i: now + 40 * day, l: 40 * day + hour })),
    is: 'live', created: now - hour, ends: now + 40 * day, values: { a: 1 } },
  { what: 'a deadline beyond its lifetime', id, body: body({ a: 1 }, {}, meta(id, { i: now + 40 * day, l: 2 * hour })),
    is: 'live', created: now - hour, ends: now + hour, values: { a: 1 } },
  { what: 'for as long as the browser is open', id, body: body({ a: 1 }, {}, meta(id, { i: now + 40 * day, l: 0 })),
    is: 'live', created: now - hour, ends: now - hour + 14 * day, values: { a: 1 } },
  { what: 'what it moved from', id, body: body({ a: 1 }, {}, meta(id, { p: [key(next), now + minute] })),
    is: 'live', created: now - hour, ends: now + hour, values: { a: 1 } },
  { what: 'its time is over', id, body: body({ a: 1 }, {}, meta(id, { i: now })), is: 'new' },
  { what: 'its lifetime is over', id, body: body({ a: 1 }, {}, meta(id, { c: now - 14 * day })), is: 'new' },
  { what: 'moved', id, body: body({}, {}, meta(id, { t: { kind: 'moved', to: [key(next)] } })),
    is: 'moved', ends: now + hour + minute },
  { what: 'moved, where keys are plain', id, body: body({}, {}, meta(id, { t: { kind: 'moved', to: ['=' + next] } })),
    is: 'moved', ends: now + hour + minute },
  { what: 'moved, readable for a while', id,
    body: body({ a: 1 }, {}, meta(id, { t: { kind: 'moved', keep: now + 30 * minute, to: [key(next), key(uuid)] } })),
    is: 'moved', ends: now + hour + minute, values: { a: 1 }, kept_until: now + 30 * minute },
  { what: 'destroyed', id, body: body({}, {}, meta(id, { t: { kind: 'destroyed' } })), is: 'destroyed', ends: now + hour + minute },
  { what: 'destroyed after it moved', id,
    body: body({}, {}, meta(id, { t: { kind: 'destroyed', to: [key(next)] } })), is: 'destroyed', ends: now + hour + minute },
  { what: 'the record of another id', id, body: body({ a: 1 }, {}, meta(next)), is: 'corrupt' },
  { what: 'a later format', id, body: body({ a: 1 }, {}, meta(id, { v: 2 })), is: 'corrupt' },
  { what: 'a tombstone of a later kind', id, body: body({}, {}, meta(id, { t: { kind: 'paused' } })), is: 'corrupt' },
  { what: 'half a write id', id, body: body({}, {}, meta(id, { w: 'AAAA' })), is: 'corrupt' },
  { what: 'one element', id, body: '[{}]', is: 'corrupt' },
  { what: 'an object', id, body: '{}', is: 'corrupt' },
  { what: 'nothing', id, body: '', is: 'corrupt' },
  { what: 'cut short', id, body: body({ a: 1 }, {}, meta(id)).slice(0, -1), is: 'corrupt' },
]

// The body stored under an id, the steps of a request, and the body after them. Placeholders: (write) is
// the new write id, (next) the key of the new record, and (tag) its tag.
const write = '(write)'
const [earlier, seven] = [writeId(3), [4, 5, 6, 7, 8, 9, 10].map(writeId).join('')]
const session = body({ a: 1 }, {}, meta(id, { w: earlier }))
const written = [
  { what: 'a session of remix gets its meta when it is opened', id: uuid, before: '[{"a":1.50},{}]', steps: [],
    after: `[{"a":1.50},{},{"v":1,"c":${now},"i":${now + day},"k":"${tag(uuid)}","w":"${write}"}]` },
  { what: 'values stay as they were written', id, before: '[{"a": 1.50, "b":"\\u00e9", "c":[ 1 ]},{"n" :1e2}]',
    steps: [['set', 'b', '🎉"\\'], ['unset', 'c'], ['set', 'd"\n', { x: null }]],
    after: `[{"a":1.50,"b":"🎉\\"\\\\","d\\"\\n":{"x":null}},{"n":1e2},` +
      `{"v":1,"c":${now},"i":${now + day},"k":"${tag(id)}","w":"${write}"}]` },
  { what: 'a flash value', id, before: session, steps: [['flash', 'notice', 'Saved!']],
    after: body({ a: 1 }, { notice: 'Saved!' }, meta(id, { i: now + day, w: write + earlier })) },
  { what: 'a ninth write id displaces the oldest', id, before: body({}, {}, meta(id, { w: seven + earlier })), steps: [['set', 'a', 1]],
    after: body({ a: 1 }, {}, meta(id, { i: now + day, w: write + seven })) },
  { what: 'a deadline moves no further than the lifetime', id, before: body({}, {}, meta(id, { l: 3 * hour })),
    steps: [['set', 'a', 1]], after: body({ a: 1 }, {}, meta(id, { i: now + 2 * hour, w: write, l: 3 * hour })) },
  { what: 'what it moved from is forgotten in time', id, before: body({}, {}, meta(id, { p: [key(next), now - minute] })),
    steps: [['set', 'a', 1]], after: body({ a: 1 }, {}, meta(id, { i: now + day, w: write })) },
  { what: 'destroyed', id, before: session, steps: [['destroy']],
    after: body({}, {}, meta(id, { i: now + minute, w: write + earlier, t: { kind: 'destroyed' } })) },
  { what: 'a new id', id, before: session, steps: [['regenerate'], ['set', 'user', 7]],
    after: body({}, {}, meta(id, { i: now + minute, w: write + earlier, t: { kind: 'moved', to: ['(next)'] } })),
    next: body({ a: 1, user: 7 }, {}, { ...meta(id, { i: now + day, w: write + earlier, p: [key(id), now + minute] }), k: '(tag)' }) },
  { what: 'a new id, and the old values stay readable', id, before: body({ a: 1 }, { n: 1 }, meta(id)), steps: [['keep', 5 * minute]],
    after: body({ a: 1 }, {}, meta(id, { i: now + 5 * minute, w: write, t: { kind: 'moved', keep: now + 5 * minute, to: ['(next)'] } })),
    next: body({ a: 1 }, { n: 1 }, { ...meta(id, { i: now + day, w: write, p: [key(id), now + 5 * minute] }), k: '(tag)' }) },
  { what: 'a new id, where keys are plain', plain: true, id: uuid, before: body({ a: 1 }, {}), steps: [['regenerate']],
    after: body({}, {}, { v: 1, c: now, i: now + minute, k: tag(uuid), w: write, t: { kind: 'moved', to: ['(next)'] } }),
    next: body({ a: 1 }, {}, { v: 1, c: now, i: now + day, k: '(tag)', w: write, p: ['=' + uuid, now + minute] }) },
  { what: 'a lifetime of its own', id, before: session, steps: [['lifetime', 30 * day]],
    after: body({}, {}, meta(id, { i: now + minute, w: write + earlier, t: { kind: 'moved', to: ['(next)'] } })),
    next: body({ a: 1 }, {}, { v: 1, c: now, i: now + 30 * day, k: '(tag)', w: write + earlier, l: 30 * day, p: [key(id), now + minute] }) },
  { what: 'for as long as the browser is open', id, before: session, steps: [['browser_session']],
    after: body({}, {}, meta(id, { i: now + minute, w: write + earlier, t: { kind: 'moved', to: ['(next)'] } })),
    next: body({ a: 1 }, {}, { v: 1, c: now, i: now + day, k: '(tag)', w: write + earlier, l: 0, p: [key(id), now + minute] }) },
  { what: 'destroyed, and on under a new id', id, before: session, steps: [['restart'], ['flash', 'notice', 'Goodbye']],
    after: body({}, {}, meta(id, { i: now + minute, w: write + earlier, t: { kind: 'destroyed' } })),
    next: body({}, { notice: 'Goodbye' }, { v: 1, c: now, i: now + day, k: '(tag)', w: write }) },
]

// Record keys.
const keys = [id, uuid, 'order:42!~'].map((id) => ({ id, hex: digest(id).toString('hex'), text: key(id), tag: tag(id) }))

for (const [name, answers] of Object.entries({ keys, opened, written })) {
  writeFileSync(new URL(name + '.json', import.meta.url), JSON.stringify(answers, null, 2) + '\n')
}
