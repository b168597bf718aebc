"""The live feed: what the workers put on ``kakou:live`` goes in, one Server-Sent Events stream a browser comes out."""
