# Runs a script on an instance by SendCommand, with the AWS CLI's own library: prints its output, and then, as
# the last line, the command's status.
import os
import sys
import time

import botocore.session

script, instance = sys.argv[1:]
ssm = botocore.session.get_session().create_client(
    "ssm", endpoint_url=os.environ["AWS_ENDPOINT_URL"], verify=os.environ["AWS_CA_BUNDLE"]
)
with open(script, encoding="ascii") as file:
    sent = ssm.send_command(
        InstanceIds=[instance],
        DocumentName="AWS-RunShellScript",
        TimeoutSeconds=30,
        Parameters={"commands": [file.read()]},
    )
command = sent["Command"]["CommandId"]
for _ in range(600):
    ended = ssm.get_command_invocation(CommandId=command, InstanceId=instance)
    if ended["Status"] not in ("Pending", "InProgress"):
        output = ended["StandardOutputContent"]
        print(output + "\n" * (output[-1:] not in ("", "\n")) + ended["Status"])
        sys.exit()
    time.sleep(0.05)
sys.exit("the command does not end")
