"""Template of a hospital's own training: copy it beside the site's settings, put your network and loop in, and name it there:

    {"name": "site_a", "coordinator": "fl.example.org:7443", "keys": "keys", "folder": "federation",
     "trainer": "own_training:make_trainer", "options": {"folder": "federation", "data": "scans"}}

As it stands it fits a line to made-up points, so that it runs anywhere. Comments say what a MONAI loop would have in that place.
"""
import torch

from consilium_site.trainers.pytorch import TorchTrainer


def make_network():
    # monai.networks.nets.DynUNet(spatial_dims=3, in_channels=4, out_channels=4, ...): its tensors have the federation's names already.
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))


def read_cases(data):
    # monai.data.CacheDataset over the images below `data`, split into training and validation.
    generator = torch.Generator().manual_seed(len(data))
    points = torch.randn(24, 2, generator=generator)
    return points, points.sum(dim=1, keepdim=True)


def make_trainer(folder, data=""):
    """Called once, with "options" of the settings as arguments."""
    points, wanted = read_cases(data)

    def train(network, round_):
        """One round: plan.task holds the federation's settings, such as the number of steps."""
        optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
        for _ in range(round_.plan.task.get("steps", 10) // round_.plan.rounds):
            optimiser.zero_grad()
            # monai.losses.DiceCELoss(...)(network(image), label)
            loss = torch.nn.functional.mse_loss(network(points), wanted) + round_.penalty()
            loss.backward()
            optimiser.step()
        return {"loss": loss.item()}

    def validate(network):
        # monai.metrics.DiceMetric over the validation cases: (mean Dice, number of cases).
        return 1 / (1 + torch.nn.functional.mse_loss(network(points), wanted).item()), len(points)

    # The running means of batch normalisation are the site's own: FedBN.
    return TorchTrainer(make_network(), train, validate, cases=len(points), folder=folder, local=["1.*"])
