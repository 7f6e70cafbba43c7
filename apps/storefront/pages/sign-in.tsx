import { Field, FormProblem } from '../parts/field.tsx'
import { useShop } from '../parts/shop.tsx'
import type { Views } from '../views.ts'

export function SignInPage({ typed, problems, next, notice }: Views['signIn']) {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>Sign in</h1>
      {notice && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      <form class="form" method="post" action={href('/account/sign-in')}>
        <FormProblem problems={problems} />
        <input type="hidden" name="next" value={next} />
        <Field
          name="email"
          label="E-mail"
          type="email"
          autocomplete="username"
          typed={typed}
          problems={problems}
          maxLength={254}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          typed={typed}
          problems={problems}
          maxLength={256}
        />
        <button class="button button-wide" type="submit">
          Sign in
        </button>
      </form>
      <p class="form-links">
        <a href={href('/account/forgot-password')}>Forgot your password?</a>
        <a href={href('/account/sign-up')}>Open an account</a>
      </p>
    </div>
  )
}

export function SignUpPage({ typed, problems }: Views['signUp']) {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>Open an account</h1>
      <p class="lead">It keeps your orders and addresses together. You can buy without one, too.</p>
      <form class="form" method="post" action={href('/account/sign-up')}>
        <FormProblem problems={problems} />
        <Field name="name" label="Name" autocomplete="name" typed={typed} problems={problems} maxLength={120} />
        <Field
          name="email"
          label="E-mail"
          type="email"
          autocomplete="username"
          typed={typed}
          problems={problems}
          maxLength={254}
        />
        <NewPassword problems={problems} />
        <button class="button button-wide" type="submit">
          Open account
        </button>
      </form>
      <p class="form-links">
        <a href={href('/account/sign-in')}>You have one? Sign in</a>
      </p>
    </div>
  )
}

/** The rule as NIST SP 800-63B-4 has it: length counts, and nothing else is asked. */
function NewPassword({ problems }: Pick<Views['signUp'], 'problems'>) {
  return (
    <Field
      name="password"
      label="Password"
      type="password"
      autocomplete="new-password"
      typed={{}}
      problems={problems}
      minLength={15}
      maxLength={256}
      hint="15 characters or more. A sentence works well."
    />
  )
}

export function ForgotPasswordPage({ typed, problems, sent }: Views['forgotPassword']) {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>A new password</h1>
      {sent ? (
        <p class="notice" role="status">
          If there is an account with this address, a mail with a link is on its way.
        </p>
      ) : (
        <form class="form" method="post" action={href('/account/forgot-password')}>
          <FormProblem problems={problems} />
          <Field
            name="email"
            label="E-mail"
            type="email"
            autocomplete="username"
            typed={typed}
            problems={problems}
            maxLength={254}
            hint="We send a link to this address."
          />
          <button class="button button-wide" type="submit">
            Send the link
          </button>
        </form>
      )}
      <p class="form-links">
        <a href={href('/account/sign-in')}>Back to sign-in</a>
      </p>
    </div>
  )
}

export function ResetPasswordPage({ token, problems }: Views['resetPassword']) {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>Choose a new password</h1>
      <form class="form" method="post" action={href('/account/reset-password')}>
        <FormProblem problems={problems} />
        <input type="hidden" name="token" value={token} />
        <NewPassword problems={problems} />
        <button class="button button-wide" type="submit">
          Save and sign in
        </button>
      </form>
      {problems[''] && (
        <p class="form-links">
          <a href={href('/account/forgot-password')}>Send a new link</a>
        </p>
      )}
    </div>
  )
}

/** A button and not the link itself: programs that look into mails follow links, too. */
export function VerifyEmailPage({ token, problems, done }: Views['verifyEmail']) {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>{done ? 'Your e-mail is confirmed' : 'Confirm your e-mail'}</h1>
      {done ? (
        <p>
          <a class="button" href={href('/account')}>
            To your account
          </a>
        </p>
      ) : (
        <form class="form" method="post" action={href('/account/verify')}>
          <FormProblem problems={problems} />
          <input type="hidden" name="token" value={token} />
          <button class="button button-wide" type="submit">
            Yes, this is my address
          </button>
        </form>
      )}
    </div>
  )
}
