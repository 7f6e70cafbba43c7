import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { post } from '../api.ts'
import { useSession } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Notice, TextField } from '../ui/kit.tsx'

export function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const queries = useQueryClient()
  const isCustomer = useSession().data?.session?.kind === 'customer'
  const signIn = useCommand(
    () => post('/api/auth/sign-in/email', { email, password }),
    () => void queries.invalidateQueries(),
  )
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    signIn.run(undefined)
  }
  return (
    <main className="grid min-h-screen place-items-center p-5">
      <form
        onSubmit={submit}
        className="flex w-full max-w-sm flex-col gap-4 rounded-2xl border border-line bg-sheet p-7"
      >
        <div>
          <p className="text-sm font-semibold uppercase tracking-widest text-soft">Stoa</p>
          <h1 className="mt-1 text-2xl font-semibold tracking-tight">Sign in to the admin</h1>
        </div>
        {isCustomer ? <Notice tone="warn">You are signed in as a customer. The admin is for staff.</Notice> : null}
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
    </main>
  )
}
