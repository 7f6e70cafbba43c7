-- Mails: written with the event that asks for them, sent by a job, kept to be shown for a while.

create table mails (
  id              text primary key,
  -- What the mail is for, such as order-confirmation of an order: the same is never sent twice.
  mail_key        text not null unique,
  template        text not null,
  recipient       text not null,
  subject         text not null,
  html            text not null,
  text            text not null,
  state           text not null default 'pending' check (state in ('pending', 'sent', 'kept', 'failed')),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  error           text,
  created_at      timestamptz not null default now(),
  sent_at         timestamptz,
  check ((state = 'sent') = (sent_at is not null))
);
create index mails_pending on mails (next_attempt_at) where state = 'pending';
create index mails_newest on mails (created_at desc, id desc);
create index mails_recipient on mails (recipient, created_at desc, id desc);

comment on column mails.recipient is 'personal: email; to send the mail and to show what was sent; contract; P90D';
comment on column mails.subject is 'personal: message; to send the mail and to show what was sent; contract; P90D';
comment on column mails.html is 'personal: message; to send the mail and to show what was sent; contract; P90D';
comment on column mails.text is 'personal: message; to send the mail and to show what was sent; contract; P90D';
comment on column mails.error is 'personal: message; why the server refused, which may name the recipient; contract; P90D';
