"""Who passed which checkpoint when: events go in, one record a vehicle and passing comes out, and is found again."""
