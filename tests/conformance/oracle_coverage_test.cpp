#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/files.h"
#include "tests/support/shared_data.h"

namespace consilium {
namespace {

const char* const kImaging = "oracles/imaging.json";
const char* const kAlgorithms = "oracles/algorithms.json";

/// File below tests/ -> the oracles it uses.
const std::map<std::string, std::set<std::string>> kTested{
    {"conformance/imaging_oracles_test.cpp",
     {"hd_spheres_shift_1_1_1", "hd_spheres_anisotropic", "panoptica_assd_rvd", "dice_empty_reference_policies",
      "dice_mean_reductions", "hd_penalty_constant", "hd_empty_masks", "surface_distance_two_pixels_2d",
      "surface_distance_two_voxels_3d", "surface_distance_two_slabs_3d", "nsd_voxel_definition_3d", "brats_label_region_maps",
      "zscore_nonzero", "zscore_channelwise_int", "nnunet_ct_normalisation", "percentile_normaliser", "nnunet_resampled_shape",
      "orientation_als", "nifti_quaternion"}},
    {"conformance/algorithm_oracles_test.cpp",
     {"two_cubes_shift1", "cube_in_cube_aniso", "monai_hd_spheres", "dice_simple", "fedavg_weighted", "fedavg_flower",
      "masked_aggregation_by_modality"}},
    {"conformance/privacy_oracles_test.cpp",
     {"opacus_rdp_test_rdp_accountant", "opacus_gdp", "opacus_noise_mult_rdp_epochs", "opacus_noise_mult_rdp_steps",
      "tfp_dp_sgd_0", "tfp_dp_sgd_1", "tfp_no_subsampling_rdp", "tfp_no_subsampling_pld", "tfp_subsampled_pld",
      "tfp_subsampled_rdp_upper", "tfp_sgd_statement_pld", "prv_0.8_0.001_100", "prv_2_0.05_100", "prv_3_0.05_100",
      "prv_0.8_0.2_100", "prv_1.5_0.2_100", "prv_2_0.2_100", "prv_3_0.2_100", "prv_1.5_0.05_1000", "prv_2_0.05_1000",
      "prv_2_0.001_20000", "prv_3_0.05_20000", "sgm_rdp_q0.01_s1_a2", "sgm_rdp_q0.01_s1_a4", "sgm_rdp_q0.1_s1_a3",
      "sgm_rdp_q0.1_s2_a8", "sgm_rdp_q0.5_s1_a2", "sgm_rdp_q0.1_s1_a3.2", "sgm_rdp_q0.01_s2.5_a2.5", "rdp_to_dp_pure",
      "analytic_gaussian_s1_n1", "analytic_gaussian_s4_n50", "analytic_gauss_stddev", "pld_poisson_gaussian",
      "rounded_l2_norm_bound", "ddg_skellam_vs_gauss_fine_scale", "adaptive_clip_noise_split", "l2_clip"}},
    {"conformance/structures_test.cpp", {"dicom_seg_read"}},
    {"conformance/dicom_files_test.cpp", {"ct_affine_dicom_to_nifti", "json_sidecar_fields"}},
    {"conformance/suv_test.cpp", {"suv_factor_vendor_cases", "suv_units_and_body_size", "suv_worked_example"}},
    {"models/local_terms_test.cpp", {"fedprox_grad"}},
    {"pipelines/site_scaffold_test.cpp", {"scaffold_option2_two_rounds"}},
    {"fl/fednova_test.cpp", {"fednova_step", "fednova_momentum_a"}},
    {"fl/robust_weights_test.cpp", {"krum_scores", "multikrum_m3", "rfa_collinear", "fltrust", "norm_bound", "foolsgold_two_sybils"}},
    {"fl/robust_test.cpp", {"coord_median", "trimmed_mean_b1"}},
    {"fl/round_policy_test.cpp", {"fedbuff_staleness"}},
    {"fl/fedopt_test.cpp", {"fedadam_two_steps", "fedadagrad_two_steps", "fedadagrad_flower"}},
    {"fl/attack/attackers_test.cpp", {"alie_z"}},
    {"fl/compress/bf16_test.cpp", {"bf16_rne"}},
    {"fl/compress/int8_test.cpp", {"int8_affine"}},
    {"fl/compress/sign_test.cpp", {"ef_signsgd"}},
    {"fl/compress/top_k_test.cpp", {"topk_error_feedback"}},
    {"fl/encrypt/paillier_test.cpp", {"paillier_regression", "paillier_r1", "paillier_packing"}},
    {"fl/encrypt/security_table_test.cpp", {"he_std_table_ternary_128"}},
    {"fl/encrypt/ntt_test.cpp", {"negacyclic_mul_n4"}},
    {"fl/ledger/merkle_test.cpp", {"rfc6962_merkle_roots", "rfc6962_inclusion_0_8", "rfc6962_inclusion_5_8", "rfc6962_consistency_6_8", "ed25519_rfc8032_1"}},
    {"fl/peers/gossip_test.cpp", {"gossip_ring4"}},
    {"fl/peers/ring_test.cpp", {"ring_allreduce_bytes"}},
    {"fl/secure/primitives_test.cpp",
     {"x25519_rfc7748_1",
      "x25519_rfc7748_2",
      "x25519_iterated",
      "x25519_dh",
      "x25519_low_order_rejected",
      "chacha20_block_rfc8439_2.3.2",
      "chacha20_zero_key",
      "chacha20_encrypt_rfc8439_2.4.2",
      "chacha20poly1305_rfc8439_2.8.2",
      "hkdf_sha256_case1",
      "hkdf_sha256_case2",
      "hkdf_sha256_case3",
      "hmac_sha256_rfc4231_1",
      "shamir_p1613",
      "shamir_m31",
      "shamir_m61",
      "shamir_25519",
      "secagg_sum_mod_2_16",
      "secagg_modulus_sizing",
      "fixed_point_encode",
      "flower_quantize_bounds"}},
    {"models/loss_test.cpp", {"nnunet_region_loss_DC_and_BCE", "monai_dice_loss_softmax"}},
    {"pipelines/statistics_test.cpp", {"wilcoxon_signed_rank_exact", "holm_correction", "paired_t_test"}},
    {"models/fusion_test.cpp", {"poe_gaussian"}},
    {"models/alignment/alignment_test.cpp", {"infonce_symmetric"}},
    {"models/predict_test.cpp", {"nnunet_sliding_window_steps", "gaussian_importance_maps"}},
};

/// What is not tested, by the part of the project that has to answer it.
const std::map<std::string, std::set<std::string>> kWaiting{
    {"vertical federation", {"hetero_lr_taylor", "pjc_example"}},
    {"lesion-wise evaluation",
     {"brats2023_lesionwise_met_params", "brats2023_lesionwise_empty_cases", "brats2023_lesionwise_dilation_merge"}},
    {"preprocessing and planning from a data set's statistics",
     {"nyul_landmarks", "nnunet_planner_topology_and_batch", "nnunet_5fold_split", "nnunet_checkpoint_ema"}},
    {"MONAI's window rule, which is not built: windows lie and weigh as nnU-Net's",
     {"monai_sliding_window_starts", "monai_sliding_window_blend_constant_gaussian", "monai_sliding_window_padding_cval"}},
    {"nnU-Net's way of training, where ours differs: foreground by chance per patch, every supervised level weighted, Dice on "
     "logits per label",
     {"nnunet_deep_supervision_weights", "nnunet_foreground_oversampling", "monai_dice_loss_sigmoid", "monai_dice_loss_batch"}},
};

std::set<std::string> names_in(const char* file) {
  std::set<std::string> names;
  const Json oracles = read_json(test::shared_path(file));
  for (const Json& entry : oracles.at("cases")) names.insert(entry.at("name").get<std::string>());
  return names;
}

TEST(OracleCoverage, EveryOracleIsTestedOrNamesThePartItWaitsFor) {
  if (test::is_absent(kImaging) || test::is_absent(kAlgorithms))
    GTEST_SKIP() << test::kNeedsShared << kImaging << " and " << kAlgorithms;
  std::set<std::string> open = names_in(kImaging);
  open.merge(names_in(kAlgorithms));
  std::size_t tested = 0, waiting = 0;
  const auto settle = [&](const std::string& name, std::size_t& count) {
    EXPECT_EQ(open.erase(name), 1U) << name << " is listed twice, or is no oracle";
    ++count;
  };
  for (const auto& [file, names] : kTested)
    for (const std::string& name : names) settle(name, tested);
  for (const auto& [part, names] : kWaiting)
    for (const std::string& name : names) settle(name, waiting);
  for (const std::string& name : open) ADD_FAILURE() << name << " is neither tested nor waiting for a part";
  RecordProperty("oracles_tested", static_cast<int>(tested));
  RecordProperty("oracles_waiting", static_cast<int>(waiting));
}

TEST(OracleCoverage, ATestThatIsSaidToUseAnOracleNamesIt) {
  for (const auto& [file, names] : kTested) {
    const std::string text = read_file(fs::path(CONSILIUM_SOURCE_DIR) / "tests" / file);
    for (const std::string& name : names)
      EXPECT_NE(text.find('"' + name + '"'), std::string::npos) << file << " does not use " << name;
  }
}

}  // namespace
}  // namespace consilium
