-- People and how they sign in. users, sessions, accounts and verifications are better-auth's tables under our names.

create table users (
  id             text primary key check (id ~ '^(cust|staff)_'),
  name           text not null,
  email          text not null check (email = lower(email)),
  email_verified boolean not null default false,
  image          text,
  -- Staff have roles, customers have none: so no customer can ever be given one by a field of a form.
  roles          text[] not null default '{}',
  active         boolean not null default true,
  -- Set when others were told of a new customer, so that they are told once.
  announced      boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  check ((id like 'staff\_%') = (cardinality(roles) > 0)),
  check (roles <@ array['owner', 'manager', 'merchandiser', 'fulfillment', 'support'])
);
create unique index users_email on users (email);
create index users_staff on users (id) where id like 'staff\_%';
comment on column users.name is 'personal: name; to hold the account; contract; until the account is erased';
comment on column users.email is 'personal: email; to sign in and to write to; contract; until the account is erased';
comment on column users.image is 'personal: name; never asked for, a column that better-auth expects; contract; until the account is erased';

create table sessions (
  id         text primary key,
  user_id    text not null references users on delete cascade,
  -- A digest: whoever reads the database cannot sign in with what is there.
  token      text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);
comment on column sessions.ip_address is 'personal: network; never filled, a column that better-auth expects; contract; until the session ends';
comment on column sessions.user_agent is 'personal: network; never filled, a column that better-auth expects; contract; until the session ends';

create table accounts (
  id                       text primary key,
  user_id                  text not null references users on delete cascade,
  account_id               text not null,
  provider_id              text not null,
  password                 text,
  access_token             text,
  refresh_token            text,
  id_token                 text,
  access_token_expires_at  timestamptz,
  refresh_token_expires_at timestamptz,
  scope                    text,
  created_at               timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index accounts_user on accounts (user_id);
comment on column accounts.password is 'personal: credential; to sign in, as an Argon2id hash; contract; until the account is erased';

create table verifications (
  id         text primary key,
  identifier text not null,
  value      text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verifications_identifier on verifications (identifier);
create index verifications_expires on verifications (expires_at);

create table addresses (
  id          text primary key,
  customer_id text not null references users on delete cascade,
  address     jsonb not null,
  created_at  timestamptz not null default now()
);
create index addresses_customer on addresses (customer_id, id);
comment on column addresses.address is 'personal: address; to fill in the next order; contract; until removed or the account is erased';

-- Mails that the next round of a job hands to notifications: written at once, so that no answer waits for a mail and
-- none is lost by a crash.
create table pending_mails (
  id         bigint generated always as identity primary key,
  template   text not null,
  recipient  text not null,
  mail_values jsonb not null,
  created_at timestamptz not null default now()
);
comment on column pending_mails.recipient is 'personal: email; to send a mail that was asked for; contract; seconds, until it is handed over';
comment on column pending_mails.mail_values is 'personal: name; to send a mail that was asked for; contract; seconds, until it is handed over';

-- Who did what to accounts. Ids only: erasing a person does not need to touch it.
create table audit_log (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default now(),
  actor      text not null,
  action     text not null,
  subject    text,
  trace_id   text not null
);
create index audit_log_subject on audit_log (subject, id);
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is only ever added to';
end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_audit_change();
