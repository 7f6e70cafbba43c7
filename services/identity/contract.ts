import T from 'typebox'
import { anyone, command, contract, customer, internal, query, staff } from '#kernel/contract'
import { Address, Cursor, Email, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { type PersonalTag, personal } from '#kernel/personal'
import { Filled } from '#kernel/validation-words'

export const CustomerId = Id('cust')
export const StaffId = Id('staff')
export const AddressId = Id('addr')

/** NIST SP 800-63B-4: 15 where the password is the only factor; long ones accepted, no composition rules, a blocklist. */
export const passwordLengthAtLeast = 15
export const Password = personal(
  { kind: 'credential', purpose: 'to sign in', basis: 'contract', retention: 'stored only as an Argon2id hash' },
  T.String({ minLength: passwordLengthAtLeast, maxLength: 256 }),
)
/** Any length on the way in: a wrong password is wrong, not malformed. */
const GivenPassword = personal(
  { kind: 'credential', purpose: 'to sign in', basis: 'contract', retention: 'never stored' },
  T.String({ minLength: 1, maxLength: 256 }),
)
const account: PersonalTag = {
  kind: 'name',
  purpose: 'to hold the account',
  basis: 'contract',
  retention: 'until the account is erased',
}
export const PersonName = personal(account, Filled(120))

/** What a staff member may do is the sum of what the roles allow; see `roles.ts`. */
export const RoleName = T.Union([
  T.Literal('owner'),
  T.Literal('manager'),
  T.Literal('merchandiser'),
  T.Literal('fulfillment'),
  T.Literal('support'),
])

export const Session = T.Object(
  {
    kind: T.Union([T.Literal('customer'), T.Literal('staff')]),
    id: T.String(),
    email: Email,
    name: PersonName,
    permissions: T.Array(T.String()),
  },
  { title: 'Session' },
)

const SignedIn = T.Object({
  token: T.String({ description: 'Send it as a bearer token, or use the cookie that came with it.' }),
  session: Session,
})

/** Guesses, not customers: only refused sign-ins count, from this machine too. */
const guessLimit = { max: 20, perSeconds: 60, counts: 'refused', exemptLoopback: false } as const
const signUpLimit = { max: 60, perSeconds: 60, exemptLoopback: false } as const

const SavedAddress = T.Object({ id: AddressId, ...Address.properties }, { title: 'SavedAddress' })
export const Profile = T.Object(
  { id: CustomerId, email: Email, name: PersonName, emailVerified: T.Boolean(), createdAt: Timestamp },
  { title: 'Profile' },
)
export const StaffMember = T.Object(
  { id: StaffId, email: Email, name: PersonName, roles: T.Array(RoleName), active: T.Boolean(), createdAt: Timestamp },
  { title: 'StaffMember' },
)

export const identity = contract('identity', {
  signUp: command('POST /auth/sign-up/email', {
    summary:
      'Open a customer account; the answer is the same when the address has one already, and its owner gets a mail',
    access: anyone,
    limit: signUpLimit,
    input: T.Object({ email: Email, password: Password, name: PersonName }),
    output: T.Object({ status: T.Literal('accepted') }),
    refusals: { 'identity/password-too-common': [422, T.Object({ field: T.String() })] },
  }),
  signIn: command('POST /auth/sign-in/email', {
    summary: 'Sign in as customer or staff; answers with a session cookie and a bearer token',
    access: anyone,
    limit: guessLimit,
    // Sessions are kept as digests only; an answer that is kept would hold one in the clear for a day.
    idempotency: 'unkept',
    input: T.Object({ email: Email, password: GivenPassword }),
    output: SignedIn,
    refusals: { 'identity/wrong-credentials': 401 },
  }),
  signOut: command('POST /auth/sign-out', {
    summary: 'End the session',
    access: anyone,
    idempotency: 'natural',
    input: T.Object({}),
    output: Nothing,
  }),
  session: query('GET /auth/session', {
    summary: 'Who is signed in; null when nobody is',
    access: anyone,
    importance: 'account',
    input: T.Object({}),
    output: T.Object({ session: Nullable(Session) }),
  }),
  requestPasswordReset: command('POST /auth/request-password-reset', {
    summary: 'Mail a link for a new password; the answer is the same whether the address is known or not',
    access: anyone,
    limit: signUpLimit,
    input: T.Object({ email: Email }),
    output: T.Object({ status: T.Literal('accepted') }),
  }),
  resetPassword: command('POST /auth/reset-password', {
    summary: 'Set a new password with the token from the mail; ends all sessions',
    access: anyone,
    limit: guessLimit,
    input: T.Object({ token: T.String({ minLength: 1, maxLength: 255 }), password: Password }),
    output: Nothing,
    refusals: {
      'identity/reset-token-invalid': 422,
      'identity/password-too-common': [422, T.Object({ field: T.String() })],
    },
  }),
  verifyEmail: command('POST /auth/verify-email', {
    summary: 'Confirm an e-mail address with the token from the mail',
    access: anyone,
    limit: guessLimit,
    idempotency: 'natural',
    input: T.Object({ token: T.String({ minLength: 1, maxLength: 1_000 }) }),
    output: Nothing,
    refusals: { 'identity/verification-token-invalid': 422 },
  }),
  authenticate: query(null, {
    summary: 'Whose a session credential is, with the permissions that hold at this moment; null for nobody',
    access: internal,
    input: T.Object({ credential: T.String({ maxLength: 512 }) }),
    output: T.Object({
      actor: Nullable(
        T.Union([
          T.Object({ kind: T.Literal('customer'), customerId: T.String(), sessionId: T.String() }),
          T.Object({
            kind: T.Literal('staff'),
            staffId: T.String(),
            sessionId: T.String(),
            permissions: T.Array(T.String()),
          }),
        ]),
      ),
    }),
  }),
  profile: query('GET /account', {
    summary: 'The signed-in customer',
    access: customer,
    input: T.Object({}),
    output: Profile,
  }),
  updateProfile: command('PATCH /account', {
    summary: 'Change the name',
    access: customer,
    input: T.Object({ name: PersonName }),
    output: Profile,
  }),
  addresses: query('GET /account/addresses', {
    summary: 'The signed-in customer’s addresses',
    access: customer,
    input: T.Object({}),
    output: T.Object({ items: T.Array(SavedAddress) }),
  }),
  addAddress: command('POST /account/addresses', {
    summary: 'Save an address',
    access: customer,
    status: 201,
    input: T.Object({ ...Address.properties }),
    output: SavedAddress,
    refusals: { 'identity/too-many-addresses': 409 },
  }),
  updateAddress: command('PUT /account/addresses/{addressId}', {
    summary: 'Replace a saved address',
    access: customer,
    input: T.Object({ addressId: AddressId, ...Address.properties }),
    output: SavedAddress,
    refusals: { 'identity/unknown-address': 404 },
  }),
  removeAddress: command('DELETE /account/addresses/{addressId}', {
    summary: 'Forget a saved address',
    access: customer,
    input: T.Object({ addressId: AddressId }),
    output: Nothing,
    refusals: { 'identity/unknown-address': 404 },
  }),
  customerContact: query(null, {
    summary: 'A customer’s e-mail address and name, for mails and for linking orders',
    access: internal,
    input: T.Object({ customerId: T.String() }),
    output: T.Object({ email: Email, name: PersonName, emailVerified: T.Boolean() }),
    refusals: { 'identity/unknown-customer': 404 },
  }),
  staffMembers: query('GET /admin/staff', {
    summary: 'Who works here',
    access: staff('staff:read'),
    input: T.Object({ cursor: Cursor, limit: Limit(50) }),
    output: Page(StaffMember),
  }),
  createStaff: command('POST /admin/staff', {
    summary: 'Give somebody a staff account',
    access: staff('staff:write'),
    status: 201,
    input: T.Object({
      email: Email,
      name: PersonName,
      password: Password,
      roles: T.Array(RoleName, { minItems: 1, maxItems: 5 }),
    }),
    output: StaffMember,
    refusals: { 'identity/email-taken': 409, 'identity/password-too-common': [422, T.Object({ field: T.String() })] },
  }),
  updateStaff: command('PATCH /admin/staff/{staffId}', {
    summary: 'Change roles or lock an account; holds from the next request on',
    access: staff('staff:write'),
    input: T.Object({
      staffId: StaffId,
      roles: T.Optional(T.Array(RoleName, { minItems: 1, maxItems: 5 })),
      active: T.Optional(T.Boolean()),
    }),
    output: StaffMember,
    refusals: { 'identity/unknown-staff': 404, 'identity/last-owner': 409 },
  }),
  writeDown: command(null, {
    summary: 'Add a line to the audit log: who of the staff did something that belongs to no service',
    access: internal,
    input: T.Object({
      action: T.String({ maxLength: 100 }),
      subject: T.Union([T.String({ maxLength: 100 }), T.Null()]),
    }),
    output: T.Object({}),
  }),
  ensureOwner: command(null, {
    summary: 'Make the first staff account where there is none; `enforce` also gives an existing one this password',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ email: Email, password: Password, enforce: T.Boolean() }),
    output: T.Object({ created: T.Boolean(), email: Email }),
  }),
})
