-- How often the subscriber could not handle the event. An attempt that reached nobody counts towards nothing: a service
-- that is away for a day is no reason to give its events up.
alter table outbox_deliveries add column failures integer not null default 0;

-- The last that were given up, for whoever looks at them page by page.
create index dead_letters_died on dead_letters (died_at, event_id, subscriber);
