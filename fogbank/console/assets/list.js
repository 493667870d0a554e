// The list of state machines of one account and region (?account=…&region=…).
"use strict";
const query = new URLSearchParams(location.search);
const account = query.get("account") ?? "000000000000", region = query.get("region") ?? "us-east-1";
document.getElementById("place").textContent = `${account} · ${region}`;
const place = new URLSearchParams({ account, region });
fetch(`/_fogbank/console/states/?${place}`, { headers: { accept: "application/json" } })
  .then((answer) => answer.json())
  .then((machines) => {
    document.getElementById("count").textContent = `(${machines.length})`;
    document.getElementById("machines").replaceChildren(...machines.map((machine) => {
      const row = document.createElement("tr"), cell = document.createElement("td"), link = document.createElement("a");
      link.textContent = machine.name;
      link.href = `/_fogbank/console/states/${encodeURIComponent(machine.stateMachineArn)}`;
      cell.className = "wide";
      cell.append(link);
      const type = document.createElement("td"), made = document.createElement("td");
      type.textContent = machine.type;
      made.textContent = new Date(machine.creationDate).toLocaleString();
      made.className = type.className = "dim";
      row.append(cell, type, made);
      return row;
    }));
  });
