import {
  DefaultJobQueuePlugin,
  DefaultSchedulerPlugin,
  DefaultSearchPlugin,
  dummyPaymentHandler,
  LanguageCode,
} from '@vendure/core'
import { BullMQJobQueuePlugin } from '@vendure/job-queue-plugin/package/bullmq/index.js'

// As `@vendure/create` writes it for production, without what nobody asks for here: dashboard, assets, e-mail. Jobs are
// in Redis where there is one, as the guides want for production, else in the database, as they are by default.

const { DATABASE_URL, REDIS_URL, PORT, COOKIE_SECRET, SUPERADMIN_USERNAME, SUPERADMIN_PASSWORD } = process.env
const database = new URL(DATABASE_URL)

export const config = {
  apiOptions: {
    port: Number(PORT),
    hostname: '127.0.0.1',
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
    trustProxy: 1,
    csrfPrevention: true,
    cors: { origin: [], credentials: true },
  },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: SUPERADMIN_USERNAME, password: SUPERADMIN_PASSWORD },
    cookieOptions: { secret: COOKIE_SECRET },
  },
  dbConnectionOptions: {
    type: 'postgres',
    // Tables are made once, by what fills the shop; in production they come from migrations.
    synchronize: process.env.SYNCHRONIZE === 'true',
    logging: false,
    host: database.hostname,
    port: Number(database.port),
    username: database.username,
    password: decodeURIComponent(database.password),
    database: database.pathname.slice(1),
  },
  defaultLanguageCode: LanguageCode.en,
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [
    DefaultSchedulerPlugin.init(),
    REDIS_URL
      ? BullMQJobQueuePlugin.init({ connection: connectionOf(REDIS_URL) })
      : DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
    DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true }),
  ],
}

function connectionOf(url) {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null }
}
