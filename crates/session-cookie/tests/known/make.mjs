// Makes the known answers in this directory. It implements docs/formats.md and shares no code with
// the Rust implementation.
//
//   npm install --no-save @remix-run/cookie@0.5.1 && node make.mjs
import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createCookie } from '@remix-run/cookie'

const short = 'for known answers only, 32 bytes'
const long = 'for known answers only, and longer than a block of SHA-256, which has 64 bytes'

function derive(secret, info, length) {
  return Buffer.from(hkdfSync('sha256', Buffer.from(secret), 'session-cookie/1', info, length))
}

function sign(name, secret, value) {
  const tag = createHmac('sha256', derive(secret, 'sign/' + name, 32)).update('s1.' + value).digest('base64url')
  return { name, secret, value, cookie: `s1.${value}.${tag}` }
}

function seal(name, secret, value, deadline_ms, salt, nonce) {
  const [saltBytes, nonceBytes] = [salt, nonce].map((hex) => Buffer.from(hex, 'hex'))
  const key = derive(secret, Buffer.concat([Buffer.from(`seal/${name}/`), saltBytes]), 32)
  const cipher = createCipheriv('aes-256-gcm', key, nonceBytes)
  cipher.setAAD(Buffer.from('e1' + name))
  const deadline = Buffer.alloc(8)
  deadline.writeBigUInt64BE(BigInt(deadline_ms))
  const sealed = [cipher.update(Buffer.from(value)), cipher.update(deadline), cipher.final(), cipher.getAuthTag()]
  const all = Buffer.concat([derive(secret, 'key-id', 6), saltBytes, nonceBytes, ...sealed])
  return { name, secret, value, deadline_ms, salt, nonce, cookie: 'e1.' + all.toString('base64url') }
}

// In so many cookies, each with the same share of the value.
function split(sealed, count) {
  const { name, cookie: text } = sealed
  const tag = createHash('sha256').update(text).digest().subarray(0, 6).toString('base64url')
  const share = Math.ceil(text.length / count)
  const chunks = Array.from({ length: count }, (_, number) => text.slice(number * share, (number + 1) * share))
  const rest = chunks.slice(1).map((chunk, at) => `${name}.${at + 1}=${tag}.${chunk}`)
  return { ...sealed, tag, chunks: [`${name}=k${count}.${tag}.${chunks[0]}`, ...rest] }
}

async function remix(secret, value) {
  const line = await createCookie('x', { secrets: [secret] }).serialize(value)
  return { secret, value, cookie: line.slice('x='.length).split(';')[0] }
}

const id = 'AbCdEfGhIjKlMnOpQrStUvWx'
const data = '{"i":"x","d":[{},{}]}'
const year2100 = 4102444800000
const [saltA, nonceA] = ['000102030405060708', '101112131415161718191a1b']
const [saltB, nonceB] = ['a0a1a2a3a4a5a6a7a8', 'b0b1b2b3b4b5b6b7b8b9babb']

const known = {
  signed: [
    sign('__Host-session', short, 'an-id'),
    sign('__Host-session', short, id),
    sign('session', short, id),
    sign('__Host-session', long, 'a.b.c'),
    sign('__Host-session', short, ''),
  ],
  sealed: [
    seal('__Host-session', short, data, year2100, saltA, nonceA),
    seal('session', short, data, year2100, saltA, nonceA),
    seal('__Host-session', long, 'héllo ☃ 🎉', year2100 + 1, 'f'.repeat(18), 'f'.repeat(24)),
    seal('__Host-session', short, '', year2100, saltB, nonceB),
    seal('__Host-session', short, '0123456789abcdef'.repeat(20), year2100, saltB, nonceB),
  ],
  chunks: [
    split(seal('__Host-session', short, data, year2100, saltA, nonceA), 2),
    split(seal('session', long, '0123456789abcdef'.repeat(4), year2100, saltB, nonceB), 3),
    split(seal('__Host-session', long, '', year2100, saltA, nonceB), 8),
  ],
  remix: await Promise.all([
    remix('s2', 'abc'),
    remix('s2', 'héllo ☃ 🎉 {"a":1}'),
    remix('s1', '{"i":"b8e4a8a2-6e57-4c61-9a6c-1f1a8a0b6d55","d":[{"userId":42},{"notice":"Saved!"}]}'),
    remix(short, 'f47ac10b-58cc-4372-a567-0e02b2c3d479'),
    remix('s2', '???>>>~~~'),
  ]),
}
for (const [name, answers] of Object.entries(known)) {
  writeFileSync(new URL(name + '.json', import.meta.url), JSON.stringify(answers, null, 2) + '\n')
}
