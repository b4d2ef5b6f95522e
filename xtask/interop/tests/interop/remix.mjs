// remix applications with the real session middleware, cookie and storage. Each line on standard input is
// a command, and each is answered with a line. The handler waits between opening its session and using it.
import { createInterface } from 'node:readline'
import { createCookie } from '@remix-run/cookie'
import { createRouter } from '@remix-run/fetch-router'
import { Session } from '@remix-run/session'
import { createCookieSessionStorage } from '@remix-run/session/cookie-storage'
import { createFsSessionStorage } from '@remix-run/session/fs-storage'
import { session } from '@remix-run/session-middleware'
import { createMemcacheSessionStorage } from '@remix-run/session-storage-memcache'
import { createRedisSessionStorage } from '@remix-run/session-storage-redis'
import { createClient } from 'redis'

const storages = {
  cookie: () => createCookieSessionStorage(),
  fs: ({ at, options }) => createFsSessionStorage(at, options),
  memcached: ({ at, options }) => createMemcacheSessionStorage(at, options),
  redis: async ({ at, options }) => createRedisSessionStorage(await client(at), options),
}

const clients = new Map()

function client(url) {
  if (!clients.has(url)) {
    // Each operation reports its own error. The server may exit shortly before this process.
    clients.set(url, createClient({ url }).on('error', () => {}).connect())
  }
  return clients.get(url)
}

const acts = {
  data: (session) => session.data,
  destroy: (session) => session.destroy(),
  flash: (session, key, value) => session.flash(key, value),
  get: (session, key) => session.get(key),
  has: (session, key) => session.has(key),
  id: (session) => session.id,
  // Values that JSON cannot express.
  lone: (session, key) => session.set(key, '\ud800'),
  loneKey: (session) => session.set('\ud800', 1),
  nan: (session, key) => session.set(key, NaN),
  regenerateId: (session, deleteOld) => session.regenerateId(deleteOld),
  set: (session, key, value) => session.set(key, value),
  size: (session) => session.size,
  unset: (session, key) => session.unset(key),
}

const apps = new Map()
// Requests whose handler has started, by number: the function that resumes it, and its response.
const requests = new Map()

async function handle(context) {
  const { opened, steps } = requests.get(context.params.number)
  opened()
  const session = context.get(Session)
  const results = (await steps).map(([act, ...args]) => {
    try {
      return acts[act](session, ...args)
    } catch (error) {
      return { threw: error.message }
    }
  })
  return Response.json(results)
}

const commands = {
  async start({ app, setup }) {
    const cookie = createCookie(setup.name, setup.cookie)
    const storage = await storages[setup.storage](setup)
    const router = createRouter({ middleware: [session(cookie, storage)] })
    router.get('/:number', handle)
    apps.set(app, { cookie, router, storage })
  },
  async open({ app, number, cookie }) {
    let proceed
    const steps = new Promise((resolve) => (proceed = resolve))
    await new Promise((opened, failed) => {
      requests.set(number, { opened, steps })
      const headers = cookie === null ? {} : { cookie }
      const request = new Request('http://shop.example/' + number, { headers })
      const response = apps.get(app).router.fetch(request)
      response.catch(failed)
      Object.assign(requests.get(number), { proceed, response })
    })
  },
  async resume({ number, steps }) {
    const { proceed, response } = requests.get(number)
    requests.delete(number)
    proceed(steps)
    const answer = await response
    return { results: await answer.json(), cookies: answer.headers.getSetCookie() }
  },
  serialize: ({ app, value }) => apps.get(app).cookie.serialize(value),
  parse: ({ app, header }) => apps.get(app).cookie.parse(header),
  unsigned({ app }) {
    try {
      session(createCookie('plain'), apps.get(app).storage)
    } catch (error) {
      return error.message
    }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    answer = { ok: (await commands[command.command](command)) ?? null }
  } catch (error) {
    answer = { error: String(error?.stack ?? error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit()
