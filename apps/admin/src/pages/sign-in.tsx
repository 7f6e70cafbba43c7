import { type FormEvent, useEffect, useState } from 'react'
import { post } from '../api.ts'
import { useSession } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, TextField } from '../ui/kit.tsx'

export function SignIn() {
  const isCustomer = useSession().data?.session?.kind === 'customer'
  useEffect(() => {
    document.title = 'Sign in · Stoa admin'
  }, [])
  return (
    <main className="grid min-h-dvh place-items-center p-5">
      <div className="flex w-full max-w-sm flex-col gap-4 rounded-2xl border border-line bg-sheet p-7">
        <div>
          <p className="text-sm font-semibold uppercase tracking-widest text-soft">Stoa</p>
          <h1 className="mt-1 text-2xl font-semibold tracking-tight">Sign in to the admin</h1>
        </div>
        {isCustomer ? <Notice tone="warn">You are signed in as a customer. The admin is for staff.</Notice> : null}
        <SignInForm />
      </div>
    </main>
  )
}

/** The session ended while somebody worked; what they typed waits behind. */
export function SignInAgain({ email }: { email: string }) {
  return (
    <Dialog title="Your session has ended">
      <p className="mb-4 text-soft">Sign in again to go on where you were.</p>
      <SignInForm known={email} />
    </Dialog>
  )
}

function SignInForm({ known = '' }: { known?: string }) {
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const signIn = useCommand(() => post('/api/auth/sign-in/email', { email, password }), {
    fields: ['email', 'password'],
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    signIn.run(undefined)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {signIn.message ? <Notice>{signIn.message}</Notice> : null}
      <TextField
        label="E-mail"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={signIn.errorOf('email')}
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={signIn.errorOf('password')}
      />
      <Button kind="primary" type="submit" disabled={signIn.running}>
        {signIn.running ? 'Signing in …' : 'Sign in'}
      </Button>
    </form>
  )
}
