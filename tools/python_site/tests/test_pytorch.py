import tempfile
import unittest

try:
    import torch
except ImportError:
    torch = None

import pathlib
import sys

from consilium_site.errors import Error, ErrorCode
from consilium_site.model_state import Tensor
from consilium_site.trainer import RoundPlan

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))


@unittest.skipIf(torch is None, "needs python3-torch")
class TorchTrainers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def linear(self, train=None, **more):
        from consilium_site.trainers.pytorch import TorchTrainer

        def step(module, round_):
            loss = (module(torch.ones(1, 2)) - torch.rand(1)).square().sum() + round_.penalty()
            loss.backward()
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None
            return {"loss": loss.item()}

        return TorchTrainer(torch.nn.Linear(2, 1), train or step, lambda module: (0.5, 3), 4, self.folder, **more)

    def model(self, prefix=""):
        return {prefix + "bias": Tensor(torch.zeros(1).numpy(), "head"), prefix + "weight": Tensor(torch.zeros(1, 2).numpy(), "trunk")}

    def test_a_repeated_round_gives_the_same_bytes_and_starts_from_the_global_model(self):
        plan, trainer = RoundPlan(0, 2, "", '{"seed": 3}'), self.linear()
        first, other, again = trainer.train(plan, self.model()), trainer.train(RoundPlan(1, 2, "", '{"seed": 3}'), self.model()), self.linear().train(plan, self.model())
        self.assertEqual(first.state, again.state)
        self.assertNotEqual(first.state, other.state)
        self.assertEqual(first.cases_per_group, {"head": 4, "trunk": 4})
        self.assertEqual(trainer.validate(plan, self.model()).cases, 3)

    def test_names_of_the_federation_are_mapped_to_those_of_the_module(self):
        plan = RoundPlan(0, 2, "", "{}")
        plain, mapped = self.linear().train(plan, self.model()), self.linear(names={"net.bias": "bias", "net.weight": "weight"}).train(plan, self.model("net."))
        self.assertEqual({"net." + name: tensor for name, tensor in plain.state.items()}, mapped.state)

    def test_a_model_of_another_network_is_refused_by_the_tensors_name(self):
        for model, words in ((self.model("net."), "net.bias"), ({"bias": self.model()["bias"]}, "weight"), (self.model() | {"weight": Tensor(torch.zeros(2, 1).numpy(), "trunk")}, "shape")):
            with self.assertRaises(Error) as caught:
                self.linear().train(RoundPlan(0, 2, "", "{}"), model)
            self.assertEqual(caught.exception.code, ErrorCode.MISMATCH)
            self.assertIn(words, str(caught.exception))

    def test_fedprox_pulls_towards_the_global_model_or_is_refused(self):
        weak, strong = (self.linear().train(RoundPlan(0, 2, "", '{"proximal_mu": %g}' % mu), self.model()) for mu in (0, 3))
        self.assertEqual(weak.state, strong.state)  # of one step: the penalty's gradient is 0 at its start
        self.assertEqual(self.linear(lambda module, round_: None).train(RoundPlan(0, 2, "", "{}"), self.model()).metrics, {})
        with self.assertRaises(Error) as caught:
            self.linear(lambda module, round_: None).train(RoundPlan(0, 2, "", '{"proximal_mu": 1}'), self.model())
        self.assertEqual(caught.exception.code, ErrorCode.UNSUPPORTED)

        def two_steps(module, round_):
            for _ in range(2):
                loss = (module(torch.ones(1, 2)) - 1).square().sum() + round_.penalty()
                loss.backward()
                with torch.no_grad():
                    for parameter in module.parameters():
                        parameter -= 0.1 * parameter.grad
                        parameter.grad = None

        weak, strong = (self.linear(two_steps).train(RoundPlan(0, 2, "", '{"proximal_mu": %g}' % mu), self.model()) for mu in (0, 3))
        # By hand: the first step goes to 0.2; there the gradient is 2 (3 * 0.2 - 1) + mu * 0.2.
        self.assertAlmostEqual(float(weak.state["bias"].values[0]), 0.28, places=6)
        self.assertAlmostEqual(float(strong.state["bias"].values[0]), 0.22, places=6)

    def test_tensors_that_stay_survive_a_kill_and_are_never_sent(self):
        plan = lambda round_: RoundPlan(round_, 3, "", '{"personal": ["bias"]}')
        trainer = self.linear()
        trained = trainer.train(plan(0), self.model())
        self.assertEqual(set(trained.state), {"weight"})
        undisturbed = trainer.train(plan(1), self.model())
        self.assertEqual(self.linear().train(plan(1), self.model()).state, undisturbed.state)  # another process, round 1 once more
        finished = self.linear().finish(plan(3), self.model(), 2)
        self.assertEqual(set(finished), {"bias", "weight"})
        self.assertNotEqual(finished["bias"], self.model()["bias"])
        self.assertEqual(finished["weight"], self.model()["weight"])

    def test_the_template_trains(self):
        import own_training

        network = own_training.make_network()
        model = {name: Tensor(values.numpy().copy(), "trunk") for name, values in network.state_dict().items() if not name.startswith("1.")}
        trainer = own_training.make_trainer(self.folder, "scans")
        before = trainer.validate(RoundPlan(0, 1, "", "{}"), model)
        trained = trainer.train(RoundPlan(0, 1, "", '{"steps": 40}'), model)
        after = trainer.validate(RoundPlan(1, 1, "", "{}"), trained.state)
        self.assertGreater(after.score, before.score)
