"""Video kept from the rings: fragmented MP4, its index, what must go, and files for people; nothing is decoded."""
