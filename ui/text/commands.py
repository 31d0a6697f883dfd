"""The commands that an empty page tells its reader to run, from the project's folder."""

EDGE_COMMAND = "python edge_service/main.py --video ./sample.mp4 --camera-id cam_01 --store-id gym_demo --seed 42"
WORKER_COMMAND = "python mm_worker/worker.py --db ./data/app.db --seed 123"
