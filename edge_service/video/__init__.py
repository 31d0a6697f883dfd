"""From an address to frames and packets: files, and what any source of video shares."""
