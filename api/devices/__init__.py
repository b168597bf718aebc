"""What ingest says of the streams and what the county says of the devices go in; one list of devices comes out."""
