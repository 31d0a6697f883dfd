"""The routes of zones: what an edge asks and says, and what an editor must say to change them."""

from fastapi.testclient import TestClient

from backend_api.contract.cameras import CameraSetup, MachineSetup

CORNERS = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
MACHINES = [{"machine_id": "bike_01", "name": "Bike", "zone": CORNERS}]
ZONES = {"machines": MACHINES, "areas": [CORNERS]}
AT = "/cameras/cam_01/zones?store_id=gym_demo"


def use(client: TestClient, name: str = "Bike", **fields: object) -> None:
    machine = MachineSetup(machine_id="bike_01", name=name, zone=CORNERS)
    setup = CameraSetup(store_id="gym_demo", machines=(machine,), config=None, **({"areas": ()} | fields))
    body = setup.model_dump_json()
    assert client.put("/cameras/cam_01/setup", content=body, headers={"Content-Type": "application/json"}).is_success


def test_an_editor_names_the_version_that_it_drew_on(client: TestClient) -> None:
    use(client)
    newest = client.get(AT).json()
    assert (newest["status"], newest["zones"]["areas"]) == ("taken", [])
    version = newest["version"]
    assert client.put(AT, json={"zones": ZONES}).status_code == 428
    for wrong in ("17", f'W/"{version}"', "*", f'"{version + 1}"', f'"{"9" * 30}"'):
        assert client.put(AT, json={"zones": ZONES}, headers={"If-Match": wrong}).status_code == 412
    asked = client.put(AT, json={"zones": ZONES, "who": "ann"}, headers={"If-Match": f'"{version}"'})
    assert (asked.status_code, asked.json()["status"], asked.json()["who"]) == (200, "wanted", "ann")
    late = client.put(AT, json={"zones": ZONES}, headers={"If-Match": f'"{version}"'})
    assert (late.status_code, "draw again" in late.json()["detail"]) == (412, True)
    assert [one["status"] for one in client.get(AT.replace("zones", "zones/history")).json()["items"]] == [
        "wanted",
        "taken",
    ]
    use(client, areas=(tuple(map(tuple, CORNERS)),))
    assert client.get(AT).json()["status"] == "taken"


def test_an_edge_refuses_what_is_wanted_alone(client: TestClient) -> None:
    use(client)
    version = client.put(
        AT, json={"zones": ZONES}, headers={"If-Match": f'"{client.get(AT).json()["version"]}"'}
    ).json()["version"]
    at = AT.replace("zones", "zones/refusal")
    assert client.put(at, json={"version": version + 1, "problem": "no"}).status_code == 404
    assert client.put(at, json={"version": version, "problem": "the disk is full"}).status_code == 204
    assert (client.get(AT).json()["status"], client.get(AT).json()["problem"]) == ("refused", "the disk is full")


def test_what_is_no_zone_is_named(client: TestClient) -> None:
    wrong_ones: list[dict[str, object]] = [
        {"machines": []},
        {"machines": MACHINES * 2},
        {"machines": [{"machine_id": "a", "name": "A", "zone": [[0, 0], [1, 1], [0, 1], [1, 0]]}]},
        {"machines": MACHINES, "areas": [CORNERS[:2]]},
    ]
    for wrong in wrong_ones:
        answer = client.put(AT, json={"zones": wrong}, headers={"If-Match": '"0"'})
        assert (answer.status_code, answer.json()["errors"][0]["field"][:5]) == (422, "zones")


def test_an_edge_of_an_earlier_release_makes_no_version(client: TestClient) -> None:
    use(client, areas=None)
    answer = client.get(AT)
    assert (answer.status_code, "start its edge" in answer.json()["detail"]) == (404, True)
