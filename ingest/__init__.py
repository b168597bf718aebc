"""Camera streams in, compressed access units and keyframe slots out; nothing is decoded here."""
