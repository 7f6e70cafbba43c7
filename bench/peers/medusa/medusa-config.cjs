const { defineConfig } = require('@medusajs/framework/utils')

// As Medusa's deployment guide has it for production, its four Redis modules among it; without Redis those that a new project
// has. The admin is off in both processes: nobody looks at it here.

const { REDIS_URL, ...env } = process.env

const redisModules = (redisUrl) => [
  {
    resolve: '@medusajs/medusa/caching',
    options: {
      providers: [{ resolve: '@medusajs/caching-redis', id: 'caching-redis', is_default: true, options: { redisUrl } }],
    },
  },
  { resolve: '@medusajs/medusa/event-bus-redis', options: { redisUrl } },
  { resolve: '@medusajs/medusa/workflow-engine-redis', options: { redis: { redisUrl } } },
  {
    resolve: '@medusajs/medusa/locking',
    options: {
      providers: [
        { resolve: '@medusajs/medusa/locking-redis', id: 'locking-redis', is_default: true, options: { redisUrl } },
      ],
    },
  },
]

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: env.DATABASE_URL,
    // The database is on this machine, and has no certificate.
    databaseDriverOptions: { connection: { ssl: false } },
    ...(REDIS_URL ? { redisUrl: REDIS_URL } : {}),
    workerMode: env.MEDUSA_WORKER_MODE,
    http: {
      storeCors: '',
      adminCors: '',
      authCors: '',
      jwtSecret: env.JWT_SECRET,
      cookieSecret: env.COOKIE_SECRET,
    },
  },
  admin: { disable: true },
  modules: REDIS_URL ? redisModules(REDIS_URL) : [],
})
