import { AddressFields, AddressLines } from '../parts/address-fields.tsx'
import { Field, FormProblem } from '../parts/field.tsx'
import { useShop } from '../parts/shop.tsx'
import type { Views } from '../views.ts'
import { orderStatusName } from './order.tsx'

export function AccountPage({ profile, orders, nextCursor, notice, typed, problems }: Views['account']) {
  const { href, money, date } = useShop()
  return (
    <div class="wide account">
      <header class="section-head">
        <h1>Hello, {profile.name}</h1>
        <form method="post" action={href('/account/sign-out')}>
          <button class="button button-quiet button-small" type="submit">
            Sign out
          </button>
        </form>
      </header>
      {notice && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      <div class="account-columns">
        <section aria-labelledby="orders">
          <h2 id="orders">Your orders</h2>
          {orders.length === 0 ? (
            <p class="soft">
              None yet. <a href={href('/products')}>Look around the shop</a>
            </p>
          ) : (
            <ul class="orders">
              {orders.map(({ id, number, status, total, units, createdAt, placedAt }) => (
                <li>
                  <a class="order-row" href={href(`/orders/${id}`)}>
                    <span>
                      <strong>{number}</strong>
                      <span class="soft">
                        {date(placedAt ?? createdAt)} · {units} {units === 1 ? 'item' : 'items'}
                      </span>
                    </span>
                    <span class={`state state-${status}`}>{orderStatusName(status)}</span>
                    <span>{money(total)}</span>
                  </a>
                </li>
              ))}
            </ul>
          )}
          {nextCursor && (
            <p>
              <a
                class="button button-quiet button-small"
                href={href(`/account?${new URLSearchParams({ cursor: nextCursor })}`)}
              >
                Older orders
              </a>
            </p>
          )}
        </section>
        <aside>
          <section>
            <h2>You</h2>
            <p class="soft">{profile.email}</p>
            <form class="form" method="post" action={href('/account/profile')}>
              <FormProblem problems={problems} />
              <Field
                name="name"
                label="Name"
                autocomplete="name"
                typed={{ name: profile.name, ...typed }}
                problems={problems}
                maxLength={120}
              />
              <button class="button button-quiet button-small" type="submit">
                Save
              </button>
            </form>
          </section>
          <section>
            <h2>Addresses</h2>
            <p>
              <a href={href('/account/addresses')}>Your saved addresses</a>
            </p>
          </section>
        </aside>
      </div>
    </div>
  )
}

export function AddressesPage({ addresses, editing, countries, typed, problems }: Views['addresses']) {
  const { href } = useShop()
  return (
    <div class="wide account">
      <p>
        <a href={href('/account')}>Back to your account</a>
      </p>
      <h1>Your addresses</h1>
      <ul class="address-book">
        {addresses.map(({ id, ...address }) =>
          id === editing ? null : (
            <li>
              <AddressLines address={address} />
              <div class="address-actions">
                <a href={href(`/account/addresses?edit=${id}`)}>Change</a>
                <form method="post" action={href(`/account/addresses/${id}/remove`)}>
                  <button class="link" type="submit">
                    Remove
                  </button>
                </form>
              </div>
            </li>
          ),
        )}
      </ul>
      {editing === null ? (
        <p>
          <a class="button" href={href('/account/addresses?edit=new')}>
            Add an address
          </a>
        </p>
      ) : (
        <form
          class="form"
          method="post"
          action={href(editing === 'new' ? '/account/addresses' : `/account/addresses/${editing}`)}
          noValidate
        >
          <h2>{editing === 'new' ? 'A new address' : 'Change the address'}</h2>
          <FormProblem problems={problems} />
          <AddressFields prefix="" section="shipping" countries={countries} typed={typed} problems={problems} />
          <p class="form-actions">
            <button class="button" type="submit">
              Save
            </button>
            <a href={href('/account/addresses')}>Cancel</a>
          </p>
        </form>
      )}
    </div>
  )
}

/** Staff have sessions of the same kind, but no customer account to show here. */
export function StaffPage() {
  const { href } = useShop()
  return (
    <div class="narrow">
      <h1>You are signed in as staff</h1>
      <p class="lead">Customer accounts are for customers. Your work is in the admin.</p>
      <div class="form-actions">
        <a class="button" href="/admin/">
          Open the admin
        </a>
        <form method="post" action={href('/account/sign-out')}>
          <button class="button button-quiet" type="submit">
            Sign out
          </button>
        </form>
      </div>
    </div>
  )
}
