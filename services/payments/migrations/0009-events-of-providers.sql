-- How far a provider's own list of events has been read for those whose callbacks were lost, by the provider's clock, and when a
-- copy of the service may read on.
create table event_marks (
  provider text primary key,
  heard_until timestamptz not null,
  look_at timestamptz not null
);
