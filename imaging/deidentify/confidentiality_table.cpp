#include "imaging/deidentify/confidentiality_table.h"

#include <algorithm>
#include <array>

namespace consilium::imaging {
namespace {

using enum BasicAction;

/// Sorted by tag. One row of the standard a line; the letters are explained at ConfidentialityRow::options.
constexpr ConfidentialityRow kRows[] = {
    {0x00001000, kX, "u"},  // Affected SOP Instance UID
    {0x00001001, kU, "u"},  // Requested SOP Instance UID
    {0x00020003, kU, "u"},  // Media Storage SOP Instance UID
    {0x00041511, kU, "u"},  // Referenced SOP Instance UID in File
    {0x00080012, kXD, "t"},  // Instance Creation Date
    {0x00080013, kXZD, "t"},  // Instance Creation Time
    {0x00080014, kU, "u"},  // Instance Creator UID
    {0x00080015, kX, "t"},  // Instance Coercion DateTime
    {0x00080017, kU, "u"},  // Acquisition UID
    {0x00080018, kU, "u"},  // SOP Instance UID
    {0x00080019, kU, "u"},  // Pyramid UID
    {0x00080020, kZ, "t"},  // Study Date
    {0x00080021, kXD, "t"},  // Series Date
    {0x00080022, kXZ, "t"},  // Acquisition Date
    {0x00080023, kZD, "t"},  // Content Date
    {0x00080024, kX, "t"},  // Overlay Date
    {0x00080025, kX, "t"},  // Curve Date
    {0x0008002A, kXZD, "t"},  // Acquisition DateTime
    {0x00080030, kZ, "t"},  // Study Time
    {0x00080031, kXD, "t"},  // Series Time
    {0x00080032, kXZ, "t"},  // Acquisition Time
    {0x00080033, kZD, "t"},  // Content Time
    {0x00080034, kX, "t"},  // Overlay Time
    {0x00080035, kX, "t"},  // Curve Time
    {0x00080050, kZ, ""},  // Accession Number
    {0x00080054, kX, "M"},  // Retrieve AE Title
    {0x00080055, kX, "M"},  // Station AE Title
    {0x00080058, kU, "u"},  // Failed SOP Instance UID List
    {0x00080080, kXZD, "i"},  // Institution Name
    {0x00080081, kX, "i"},  // Institution Address
    {0x00080082, kXZD, "i"},  // Institution Code Sequence
    {0x00080090, kZ, ""},  // Referring Physician's Name
    {0x00080092, kX, ""},  // Referring Physician's Address
    {0x00080094, kX, ""},  // Referring Physician's Telephone Numbers
    {0x00080096, kX, ""},  // Referring Physician Identification Sequence
    {0x0008009C, kZ, ""},  // Consulting Physician's Name
    {0x0008009D, kX, ""},  // Consulting Physician Identification Sequence
    {0x00080106, kD, "t"},  // Context Group Version
    {0x00080107, kD, "t"},  // Context Group Local Version
    {0x00080201, kX, "t"},  // Timezone Offset From UTC
    {0x00081000, kX, "M"},  // Network ID
    {0x00081010, kXZD, "m"},  // Station Name
    {0x00081030, kX, "d"},  // Study Description
    {0x0008103E, kX, "d"},  // Series Description
    {0x00081040, kX, "i"},  // Institutional Department Name
    {0x00081041, kX, "i"},  // Institutional Department Type Code Sequence
    {0x00081048, kX, ""},  // Physician(s) of Record
    {0x00081049, kX, ""},  // Physician(s) of Record Identification Sequence
    {0x00081050, kX, ""},  // Performing Physician's Name
    {0x00081052, kX, ""},  // Performing Physician Identification Sequence
    {0x00081060, kX, ""},  // Name of Physician(s) Reading Study
    {0x00081062, kX, ""},  // Physician(s) Reading Study Identification Sequence
    {0x00081070, kXZD, ""},  // Operators' Name
    {0x00081072, kXD, ""},  // Operator Identification Sequence
    {0x00081080, kX, "d"},  // Admitting Diagnoses Description
    {0x00081084, kX, "d"},  // Admitting Diagnoses Code Sequence
    {0x00081088, kX, "d"},  // Pyramid Description
    {0x00081110, kXZ, "u"},  // Referenced Study Sequence
    {0x00081111, kXZD, "u"},  // Referenced Performed Procedure Step Sequence
    {0x00081120, kX, "u"},  // Referenced Patient Sequence
    {0x00081140, kXZU, "u"},  // Referenced Image Sequence
    {0x00081155, kU, "u"},  // Referenced SOP Instance UID
    {0x00081195, kU, "u"},  // Transaction UID
    {0x00082111, kX, "d"},  // Derivation Description
    {0x00082112, kXZU, "u"},  // Source Image Sequence
    {0x00083010, kU, "u"},  // Irradiation Event UID
    {0x00084000, kX, "d"},  // Identifying Comments
    {0x00100010, kZ, ""},  // Patient's Name
    {0x00100020, kZD, ""},  // Patient ID
    {0x00100021, kX, ""},  // Issuer of Patient ID
    {0x00100030, kZ, ""},  // Patient's Birth Date
    {0x00100032, kX, ""},  // Patient's Birth Time
    {0x00100040, kZ, "p"},  // Patient's Sex
    {0x00100050, kX, ""},  // Patient's Insurance Plan Code Sequence
    {0x00100101, kX, ""},  // Patient's Primary Language Code Sequence
    {0x00100102, kX, ""},  // Patient's Primary Language Modifier Code Sequence
    {0x00101000, kX, ""},  // Other Patient IDs
    {0x00101001, kX, ""},  // Other Patient Names
    {0x00101002, kX, ""},  // Other Patient IDs Sequence
    {0x00101005, kX, ""},  // Patient's Birth Name
    {0x00101010, kX, "p"},  // Patient's Age
    {0x00101020, kX, "p"},  // Patient's Size
    {0x00101030, kX, "p"},  // Patient's Weight
    {0x00101040, kX, ""},  // Patient's Address
    {0x00101050, kX, ""},  // Insurance Plan Identification
    {0x00101060, kX, ""},  // Patient's Mother's Birth Name
    {0x00101080, kX, ""},  // Military Rank
    {0x00101081, kX, ""},  // Branch of Service
    {0x00101090, kX, ""},  // Medical Record Locator
    {0x00101100, kX, ""},  // Referenced Patient Photo Sequence
    {0x00102000, kX, "d"},  // Medical Alerts
    {0x00102110, kX, "Pd"},  // Allergies
    {0x00102150, kX, ""},  // Country of Residence
    {0x00102152, kX, ""},  // Region of Residence
    {0x00102154, kX, ""},  // Patient's Telephone Numbers
    {0x00102155, kX, ""},  // Patient's Telecom Information
    {0x00102160, kX, "p"},  // Ethnic Group
    {0x00102180, kX, "d"},  // Occupation
    {0x001021A0, kX, "p"},  // Smoking Status
    {0x001021B0, kX, "d"},  // Additional Patient History
    {0x001021C0, kX, "p"},  // Pregnancy Status
    {0x001021D0, kX, "t"},  // Last Menstrual Date
    {0x001021F0, kX, ""},  // Patient's Religious Preference
    {0x00102203, kXZ, "p"},  // Patient's Sex Neutered
    {0x00102297, kX, ""},  // Responsible Person
    {0x00102299, kX, ""},  // Responsible Organization
    {0x00104000, kX, "d"},  // Patient Comments
    {0x00120010, kD, ""},  // Clinical Trial Sponsor Name
    {0x00120020, kD, ""},  // Clinical Trial Protocol ID
    {0x00120021, kZ, ""},  // Clinical Trial Protocol Name
    {0x00120022, kX, ""},  // Issuer of Clinical Trial Protocol ID
    {0x00120023, kX, ""},  // Other Clinical Trial Protocol IDs Sequence
    {0x00120030, kZ, "i"},  // Clinical Trial Site ID
    {0x00120031, kZ, "i"},  // Clinical Trial Site Name
    {0x00120032, kX, ""},  // Issuer of Clinical Trial Site ID
    {0x00120040, kD, ""},  // Clinical Trial Subject ID
    {0x00120041, kX, ""},  // Issuer of Clinical Trial Subject ID
    {0x00120042, kD, ""},  // Clinical Trial Subject Reading ID
    {0x00120043, kX, ""},  // Issuer of Clinical Trial Subject Reading ID
    {0x00120050, kZ, ""},  // Clinical Trial Time Point ID
    {0x00120051, kX, "d"},  // Clinical Trial Time Point Description
    {0x00120055, kX, ""},  // Issuer of Clinical Trial Time Point ID
    {0x00120060, kZ, "i"},  // Clinical Trial Coordinating Center Name
    {0x00120071, kX, ""},  // Clinical Trial Series ID
    {0x00120072, kX, "d"},  // Clinical Trial Series Description
    {0x00120073, kX, ""},  // Issuer of Clinical Trial Series ID
    {0x00120081, kD, "i"},  // Clinical Trial Protocol Ethics Committee Name
    {0x00120082, kX, ""},  // Clinical Trial Protocol Ethics Committee Approval Number
    {0x00120086, kX, "t"},  // Ethics Committee Approval Effectiveness Start Date
    {0x00120087, kX, "t"},  // Ethics Committee Approval Effectiveness End Date
    {0x0014407C, kX, "mt"},  // Calibration Time
    {0x0014407E, kX, "mt"},  // Calibration Date
    {0x0016002B, kX, "d"},  // Maker Note
    {0x0016004B, kX, "d"},  // Device Setting Description
    {0x0016004D, kX, ""},  // Camera Owner Name
    {0x0016004E, kX, "m"},  // Lens Specification
    {0x0016004F, kX, "m"},  // Lens Make
    {0x00160050, kX, "m"},  // Lens Model
    {0x00160051, kX, "m"},  // Lens Serial Number
    {0x00160070, kX, ""},  // GPS Version ID
    {0x00160071, kX, ""},  // GPS Latitude Ref
    {0x00160072, kX, ""},  // GPS Latitude
    {0x00160073, kX, ""},  // GPS Longitude Ref
    {0x00160074, kX, ""},  // GPS Longitude
    {0x00160075, kX, ""},  // GPS Altitude Ref
    {0x00160076, kX, ""},  // GPS Altitude
    {0x00160077, kX, ""},  // GPS Time Stamp
    {0x00160078, kX, ""},  // GPS Satellites
    {0x00160079, kX, ""},  // GPS Status
    {0x0016007A, kX, ""},  // GPS Measure Mode
    {0x0016007B, kX, ""},  // GPS DOP
    {0x0016007C, kX, ""},  // GPS Speed Ref
    {0x0016007D, kX, ""},  // GPS Speed
    {0x0016007E, kX, ""},  // GPS Track Ref
    {0x0016007F, kX, ""},  // GPS Track
    {0x00160080, kX, ""},  // GPS Img Direction Ref
    {0x00160081, kX, ""},  // GPS Img Direction
    {0x00160082, kX, ""},  // GPS Map Datum
    {0x00160083, kX, ""},  // GPS Dest Latitude Ref
    {0x00160084, kX, ""},  // GPS Dest Latitude
    {0x00160085, kX, ""},  // GPS Dest Longitude Ref
    {0x00160086, kX, ""},  // GPS Dest Longitude
    {0x00160087, kX, ""},  // GPS Dest Bearing Ref
    {0x00160088, kX, ""},  // GPS Dest Bearing
    {0x00160089, kX, ""},  // GPS Dest Distance Ref
    {0x0016008A, kX, ""},  // GPS Dest Distance
    {0x0016008B, kX, ""},  // GPS Processing Method
    {0x0016008C, kX, ""},  // GPS Area Information
    {0x0016008D, kX, "t"},  // GPS Date Stamp
    {0x0016008E, kX, ""},  // GPS Differential
    {0x00180010, kZD, "d"},  // Contrast/Bolus Agent
    {0x00180027, kX, "t"},  // Intervention Drug Stop Time
    {0x00180035, kX, "t"},  // Intervention Drug Start Time
    {0x00181000, kXZD, "m"},  // Device Serial Number
    {0x00181002, kU, "um"},  // Device UID
    {0x00181004, kX, "m"},  // Plate ID
    {0x00181005, kX, "m"},  // Generator ID
    {0x00181007, kX, "m"},  // Cassette ID
    {0x00181008, kX, "m"},  // Gantry ID
    {0x00181009, kX, "m"},  // Unique Device Identifier
    {0x0018100A, kX, "m"},  // UDI Sequence
    {0x0018100B, kU, "um"},  // Manufacturer's Device Class UID
    {0x00181012, kX, "t"},  // Date of Secondary Capture
    {0x00181014, kX, "t"},  // Time of Secondary Capture
    {0x00181030, kXD, "d"},  // Protocol Name
    {0x00181042, kX, "t"},  // Contrast/Bolus Start Time
    {0x00181043, kX, "t"},  // Contrast/Bolus Stop Time
    {0x00181072, kX, "t"},  // Radiopharmaceutical Start Time
    {0x00181073, kX, "t"},  // Radiopharmaceutical Stop Time
    {0x00181078, kX, "t"},  // Radiopharmaceutical Start DateTime
    {0x00181079, kX, "t"},  // Radiopharmaceutical Stop DateTime
    {0x001811BB, kD, "d"},  // Acquisition Field Of View Label
    {0x00181200, kX, "mt"},  // Date of Last Calibration
    {0x00181201, kX, "mt"},  // Time of Last Calibration
    {0x00181202, kX, "mt"},  // DateTime of Last Calibration
    {0x00181203, kZ, "mt"},  // Calibration DateTime
    {0x00181204, kX, "mt"},  // Date of Manufacture
    {0x00181205, kX, "mt"},  // Date of Installation
    {0x00181400, kXD, "d"},  // Acquisition Device Processing Description
    {0x00182042, kU, "u"},  // Target UID
    {0x00184000, kX, "d"},  // Acquisition Comments
    {0x00185011, kX, "m"},  // Transducer Identification Sequence
    {0x0018700A, kXD, "m"},  // Detector ID
    {0x0018700C, kXD, "mt"},  // Date of Last Detector Calibration
    {0x0018700E, kXD, "mt"},  // Time of Last Detector Calibration
    {0x00189074, kD, "t"},  // Frame Acquisition DateTime
    {0x00189151, kD, "t"},  // Frame Reference DateTime
    {0x00189185, kX, "d"},  // Respiratory Motion Compensation Technique Description
    {0x00189367, kD, "m"},  // X-Ray Source ID
    {0x00189369, kD, "t"},  // Source Start DateTime
    {0x0018936A, kD, "t"},  // Source End DateTime
    {0x00189371, kD, "m"},  // X-Ray Detector ID
    {0x00189373, kX, "m"},  // X-Ray Detector Label
    {0x0018937B, kX, "d"},  // Multi-energy Acquisition Description
    {0x0018937F, kX, "d"},  // Decomposition Description
    {0x00189424, kX, "d"},  // Acquisition Protocol Description
    {0x00189516, kXD, "t"},  // Start Acquisition DateTime
    {0x00189517, kXD, "t"},  // End Acquisition DateTime
    {0x00189623, kD, "t"},  // Functional Sync Pulse
    {0x00189701, kD, "t"},  // Decay Correction DateTime
    {0x00189804, kD, "t"},  // Exclusion Start DateTime
    {0x00189919, kZD, "t"},  // Instruction Performed DateTime
    {0x00189937, kX, "d"},  // Requested Series Description
    {0x0018A002, kX, "t"},  // Contribution DateTime
    {0x0018A003, kX, "d"},  // Contribution Description
    {0x0020000D, kU, "u"},  // Study Instance UID
    {0x0020000E, kU, "u"},  // Series Instance UID
    {0x00200010, kZ, ""},  // Study ID
    {0x00200027, kX, "d"},  // Pyramid Label
    {0x00200052, kU, "u"},  // Frame of Reference UID
    {0x00200200, kU, "u"},  // Synchronization Frame of Reference UID
    {0x00203401, kX, "m"},  // Modifying Device ID
    {0x00203403, kX, "t"},  // Modified Image Date
    {0x00203405, kX, "t"},  // Modified Image Time
    {0x00203406, kX, ""},  // Modified Image Description
    {0x00204000, kX, "d"},  // Image Comments
    {0x00209158, kX, "d"},  // Frame Comments
    {0x00209161, kU, "u"},  // Concatenation UID
    {0x00209164, kU, "u"},  // Dimension Organization UID
    {0x00281199, kU, "u"},  // Palette Color Lookup Table UID
    {0x00281214, kU, "u"},  // Large Palette Color Lookup Table UID
    {0x00284000, kX, ""},  // Image Presentation Comments
    {0x00320012, kX, ""},  // Study ID Issuer
    {0x00320032, kX, "t"},  // Study Verified Date
    {0x00320033, kX, "t"},  // Study Verified Time
    {0x00320034, kX, "t"},  // Study Read Date
    {0x00320035, kX, "t"},  // Study Read Time
    {0x00321000, kX, "t"},  // Scheduled Study Start Date
    {0x00321001, kX, "t"},  // Scheduled Study Start Time
    {0x00321010, kX, "t"},  // Scheduled Study Stop Date
    {0x00321011, kX, "t"},  // Scheduled Study Stop Time
    {0x00321020, kX, "m"},  // Scheduled Study Location
    {0x00321021, kX, "M"},  // Scheduled Study Location AE Title
    {0x00321030, kX, "d"},  // Reason for Study
    {0x00321032, kX, ""},  // Requesting Physician
    {0x00321033, kX, ""},  // Requesting Service
    {0x00321040, kX, "t"},  // Study Arrival Date
    {0x00321041, kX, "t"},  // Study Arrival Time
    {0x00321050, kX, "t"},  // Study Completion Date
    {0x00321051, kX, "t"},  // Study Completion Time
    {0x00321060, kXZ, "d"},  // Requested Procedure Description
    {0x00321066, kX, "d"},  // Reason for Visit
    {0x00321067, kX, "d"},  // Reason for Visit Code Sequence
    {0x00321070, kX, "d"},  // Requested Contrast Agent
    {0x00324000, kX, "d"},  // Study Comments
    {0x00340001, kD, ""},  // Flow Identifier Sequence
    {0x00340002, kD, ""},  // Flow Identifier
    {0x00340005, kD, ""},  // Source Identifier
    {0x00340007, kD, "t"},  // Frame Origin Timestamp
    {0x00380004, kX, ""},  // Referenced Patient Alias Sequence
    {0x00380010, kX, ""},  // Admission ID
    {0x00380011, kX, ""},  // Issuer of Admission ID
    {0x00380014, kX, ""},  // Issuer of Admission ID Sequence
    {0x0038001A, kX, "t"},  // Scheduled Admission Date
    {0x0038001B, kX, "t"},  // Scheduled Admission Time
    {0x0038001C, kX, "t"},  // Scheduled Discharge Date
    {0x0038001D, kX, "t"},  // Scheduled Discharge Time
    {0x0038001E, kX, ""},  // Scheduled Patient Institution Residence
    {0x00380020, kX, "t"},  // Admitting Date
    {0x00380021, kX, "t"},  // Admitting Time
    {0x00380030, kX, "t"},  // Discharge Date
    {0x00380032, kX, "t"},  // Discharge Time
    {0x00380040, kX, "d"},  // Discharge Diagnosis Description
    {0x00380050, kX, "P"},  // Special Needs
    {0x00380060, kX, ""},  // Service Episode ID
    {0x00380061, kX, ""},  // Issuer of Service Episode ID
    {0x00380062, kX, "d"},  // Service Episode Description
    {0x00380064, kX, ""},  // Issuer of Service Episode ID Sequence
    {0x00380300, kX, ""},  // Current Patient Location
    {0x00380400, kX, ""},  // Patient's Institution Residence
    {0x00380500, kX, "Pd"},  // Patient State
    {0x00384000, kX, "d"},  // Visit Comments
    {0x003A0310, kU, "u"},  // Multiplex Group UID
    {0x003A0314, kD, "t"},  // Impedance Measurement DateTime
    {0x003A0329, kX, "d"},  // Waveform Filter Description
    {0x003A032B, kX, "d"},  // Filter Lookup Table Description
    {0x00400001, kX, "M"},  // Scheduled Station AE Title
    {0x00400002, kX, "t"},  // Scheduled Procedure Step Start Date
    {0x00400003, kX, "t"},  // Scheduled Procedure Step Start Time
    {0x00400004, kX, "t"},  // Scheduled Procedure Step End Date
    {0x00400005, kX, "t"},  // Scheduled Procedure Step End Time
    {0x00400006, kX, ""},  // Scheduled Performing Physician's Name
    {0x00400007, kX, "d"},  // Scheduled Procedure Step Description
    {0x00400009, kX, ""},  // Scheduled Procedure Step ID
    {0x0040000B, kX, ""},  // Scheduled Performing Physician Identification Sequence
    {0x00400010, kX, "m"},  // Scheduled Station Name
    {0x00400011, kX, "m"},  // Scheduled Procedure Step Location
    {0x00400012, kX, "P"},  // Pre-Medication
    {0x00400241, kX, "M"},  // Performed Station AE Title
    {0x00400242, kX, "m"},  // Performed Station Name
    {0x00400243, kX, ""},  // Performed Location
    {0x00400244, kX, "t"},  // Performed Procedure Step Start Date
    {0x00400245, kX, "t"},  // Performed Procedure Step Start Time
    {0x00400250, kX, "t"},  // Performed Procedure Step End Date
    {0x00400251, kX, "t"},  // Performed Procedure Step End Time
    {0x00400253, kX, ""},  // Performed Procedure Step ID
    {0x00400254, kX, "d"},  // Performed Procedure Step Description
    {0x00400275, kX, "d"},  // Request Attributes Sequence
    {0x00400280, kX, "d"},  // Comments on the Performed Procedure Step
    {0x00400310, kX, "d"},  // Comments on Radiation Dose
    {0x0040050A, kX, ""},  // Specimen Accession Number
    {0x00400512, kD, ""},  // Container Identifier
    {0x00400513, kZ, ""},  // Issuer of the Container Identifier Sequence
    {0x0040051A, kX, "d"},  // Container Description
    {0x00400551, kD, ""},  // Specimen Identifier
    {0x00400554, kU, "u"},  // Specimen UID
    {0x00400555, kXZ, "s"},  // Acquisition Context Sequence
    {0x00400562, kZ, ""},  // Issuer of the Specimen Identifier Sequence
    {0x00400600, kX, "d"},  // Specimen Short Description
    {0x00400602, kX, "d"},  // Specimen Detailed Description
    {0x00400610, kZ, "s"},  // Specimen Preparation Sequence
    {0x004006FA, kX, ""},  // Slide Identifier
    {0x00401001, kX, ""},  // Requested Procedure ID
    {0x00401002, kX, "d"},  // Reason for the Requested Procedure
    {0x00401004, kX, ""},  // Patient Transport Arrangements
    {0x00401005, kX, ""},  // Requested Procedure Location
    {0x0040100A, kX, "d"},  // Reason for Requested Procedure Code Sequence
    {0x00401010, kX, ""},  // Names of Intended Recipients of Results
    {0x00401011, kX, ""},  // Intended Recipients of Results Identification Sequence
    {0x00401101, kD, ""},  // Person Identification Code Sequence
    {0x00401102, kX, ""},  // Person's Address
    {0x00401103, kX, ""},  // Person's Telephone Numbers
    {0x00401104, kX, ""},  // Person's Telecom Information
    {0x00401400, kX, "d"},  // Requested Procedure Comments
    {0x00402001, kX, "d"},  // Reason for the Imaging Service Request
    {0x00402004, kX, "t"},  // Issue Date of Imaging Service Request
    {0x00402005, kX, "t"},  // Issue Time of Imaging Service Request
    {0x00402008, kX, ""},  // Order Entered By
    {0x00402009, kX, ""},  // Order Enterer's Location
    {0x00402010, kX, ""},  // Order Callback Phone Number
    {0x00402011, kX, ""},  // Order Callback Telecom Information
    {0x00402016, kZ, ""},  // Placer Order Number / Imaging Service Request
    {0x00402017, kZ, ""},  // Filler Order Number / Imaging Service Request
    {0x00402400, kX, "d"},  // Imaging Service Request Comments
    {0x00403001, kX, ""},  // Confidentiality Constraint on Patient Data Description
    {0x00404005, kX, "t"},  // Scheduled Procedure Step Start DateTime
    {0x00404008, kX, "t"},  // Scheduled Procedure Step Expiration DateTime
    {0x00404010, kX, "t"},  // Scheduled Procedure Step Modification DateTime
    {0x00404011, kX, "t"},  // Expected Completion DateTime
    {0x00404023, kU, "u"},  // Referenced General Purpose Scheduled Procedure Step Transaction UID
    {0x00404025, kX, "m"},  // Scheduled Station Name Code Sequence
    {0x00404027, kX, "m"},  // Scheduled Station Geographic Location Code Sequence
    {0x00404028, kX, "m"},  // Performed Station Name Code Sequence
    {0x00404030, kX, "m"},  // Performed Station Geographic Location Code Sequence
    {0x00404034, kX, ""},  // Scheduled Human Performers Sequence
    {0x00404035, kX, ""},  // Actual Human Performers Sequence
    {0x00404036, kX, ""},  // Human Performer's Organization
    {0x00404037, kX, ""},  // Human Performer's Name
    {0x00404050, kX, "t"},  // Performed Procedure Step Start DateTime
    {0x00404051, kX, "t"},  // Performed Procedure Step End DateTime
    {0x00404052, kX, "t"},  // Procedure Step Cancellation DateTime
    {0x0040A023, kX, "t"},  // Findings Group Recording Date (Trial)
    {0x0040A024, kX, "t"},  // Findings Group Recording Time (Trial)
    {0x0040A027, kD, ""},  // Verifying Organization
    {0x0040A030, kD, "t"},  // Verification DateTime
    {0x0040A032, kXD, "t"},  // Observation DateTime
    {0x0040A033, kX, "t"},  // Observation Start DateTime
    {0x0040A073, kD, ""},  // Verifying Observer Sequence
    {0x0040A075, kD, ""},  // Verifying Observer Name
    {0x0040A078, kX, ""},  // Author Observer Sequence
    {0x0040A07A, kX, ""},  // Participant Sequence
    {0x0040A07C, kX, ""},  // Custodial Organization Sequence
    {0x0040A082, kZ, "t"},  // Participation DateTime
    {0x0040A088, kZ, ""},  // Verifying Observer Identification Code Sequence
    {0x0040A110, kX, "t"},  // Date of Document or Verbal Transaction (Trial)
    {0x0040A112, kX, "t"},  // Time of Document Creation or Verbal Transaction (Trial)
    {0x0040A120, kD, "t"},  // DateTime
    {0x0040A121, kD, "t"},  // Date
    {0x0040A122, kD, "t"},  // Time
    {0x0040A123, kD, ""},  // Person Name
    {0x0040A124, kU, ""},  // UID
    {0x0040A13A, kD, "t"},  // Referenced DateTime
    {0x0040A171, kU, "u"},  // Observation UID
    {0x0040A172, kU, "u"},  // Referenced Observation UID (Trial)
    {0x0040A192, kX, "t"},  // Observation Date (Trial)
    {0x0040A193, kX, "t"},  // Observation Time (Trial)
    {0x0040A307, kX, ""},  // Current Observer (Trial)
    {0x0040A352, kX, ""},  // Verbal Source (Trial)
    {0x0040A353, kX, ""},  // Address (Trial)
    {0x0040A354, kX, ""},  // Telephone Number (Trial)
    {0x0040A358, kX, ""},  // Verbal Source Identifier Code Sequence (Trial)
    {0x0040A402, kU, "u"},  // Observation Subject UID (Trial)
    {0x0040A730, kD, "s"},  // Content Sequence
    {0x0040DB06, kX, "t"},  // Template Version
    {0x0040DB07, kX, "t"},  // Template Local Version
    {0x0040DB0C, kU, "u"},  // Template Extension Organization UID
    {0x0040DB0D, kU, "u"},  // Template Extension Creator UID
    {0x0040E004, kX, "t"},  // HL7 Document Effective Time
    {0x00420011, kD, ""},  // Encapsulated Document
    {0x00440004, kX, "t"},  // Approval Status DateTime
    {0x0044000B, kX, "t"},  // Product Expiration DateTime
    {0x00440010, kX, "t"},  // Substance Administration DateTime
    {0x00440104, kD, "t"},  // Assertion DateTime
    {0x00440105, kX, "t"},  // Assertion Expiration DateTime
    {0x0050001B, kX, ""},  // Container Component ID
    {0x00500020, kX, "m"},  // Device Description
    {0x00500021, kX, "d"},  // Long Device Description
    {0x00620021, kU, "u"},  // Tracking UID
    {0x00640003, kU, "u"},  // Source Frame of Reference UID
    {0x00686226, kD, "t"},  // Effective DateTime
    {0x00686270, kD, "t"},  // Information Issue DateTime
    {0x006A0003, kD, "u"},  // Annotation Group UID
    {0x006A0005, kD, "d"},  // Annotation Group Label
    {0x006A0006, kX, "d"},  // Annotation Group Description
    {0x00700001, kD, "g"},  // Graphic Annotation Sequence
    {0x00700082, kX, "t"},  // Presentation Creation Date
    {0x00700083, kX, "t"},  // Presentation Creation Time
    {0x00700084, kZD, ""},  // Content Creator's Name
    {0x00700086, kX, ""},  // Content Creator's Identification Code Sequence
    {0x0070031A, kU, "u"},  // Fiducial UID
    {0x00701101, kU, "u"},  // Presentation Display Collection UID
    {0x00701102, kU, "u"},  // Presentation Sequence Collection UID
    {0x0072000A, kD, "t"},  // Hanging Protocol Creation DateTime
    {0x0072005E, kD, "M"},  // Selector AE Value
    {0x0072005F, kD, "p"},  // Selector AS Value
    {0x00720061, kD, "t"},  // Selector DA Value
    {0x00720063, kD, "t"},  // Selector DT Value
    {0x00720065, kD, ""},  // Selector OB Value
    {0x00720066, kD, "d"},  // Selector LO Value
    {0x00720068, kD, "d"},  // Selector LT Value
    {0x0072006A, kD, ""},  // Selector PN Value
    {0x0072006B, kD, "t"},  // Selector TM Value
    {0x0072006C, kD, "d"},  // Selector SH Value
    {0x0072006D, kD, ""},  // Selector UN Value
    {0x0072006E, kD, "d"},  // Selector ST Value
    {0x00720070, kD, "d"},  // Selector UT Value
    {0x00720071, kD, ""},  // Selector UR Value
    {0x00741234, kX, "M"},  // Receiving AE
    {0x00741236, kX, "M"},  // Requesting AE
    {0x00880140, kU, "u"},  // Storage Media File-set UID
    {0x00880200, kX, ""},  // Icon Image Sequence
    {0x00880904, kX, ""},  // Topic Title
    {0x00880906, kX, ""},  // Topic Subject
    {0x00880910, kX, ""},  // Topic Author
    {0x00880912, kX, ""},  // Topic Keywords
    {0x01000420, kX, "t"},  // SOP Authorization DateTime
    {0x04000100, kU, ""},  // Digital Signature UID
    {0x04000105, kD, "t"},  // Digital Signature DateTime
    {0x04000115, kD, ""},  // Certificate of Signer
    {0x04000310, kX, "t"},  // Certified Timestamp
    {0x04000402, kX, ""},  // Referenced Digital Signature Sequence
    {0x04000403, kX, ""},  // Referenced SOP Instance MAC Sequence
    {0x04000404, kX, ""},  // MAC
    {0x04000550, kX, ""},  // Modified Attributes Sequence
    {0x04000551, kX, ""},  // Nonconforming Modified Attributes Sequence
    {0x04000552, kX, ""},  // Nonconforming Data Element Value
    {0x04000561, kX, ""},  // Original Attributes Sequence
    {0x04000562, kD, "t"},  // Attribute Modification DateTime
    {0x04000563, kD, "m"},  // Modifying System
    {0x04000564, kZ, "i"},  // Source of Previous Values
    {0x04000565, kD, "d"},  // Reason for the Attribute Modification
    {0x04000600, kX, ""},  // Instance Origin Status
    {0x20300020, kX, ""},  // Text String
    {0x21000040, kX, "t"},  // Creation Date
    {0x21000050, kX, "t"},  // Creation Time
    {0x21000070, kX, "M"},  // Originator
    {0x21000140, kD, "M"},  // Destination AE
    {0x22000002, kXZ, "d"},  // Label Text
    {0x22000005, kXZ, ""},  // Barcode Value
    {0x30020121, kX, "d"},  // Position Acquisition Template Name
    {0x30020123, kX, "d"},  // Position Acquisition Template Description
    {0x30060002, kD, "d"},  // Structure Set Label
    {0x30060004, kX, "d"},  // Structure Set Name
    {0x30060006, kX, "d"},  // Structure Set Description
    {0x30060008, kZ, "t"},  // Structure Set Date
    {0x30060009, kZ, "t"},  // Structure Set Time
    {0x30060024, kU, "u"},  // Referenced Frame of Reference UID
    {0x30060026, kZ, "d"},  // ROI Name
    {0x30060028, kX, "d"},  // ROI Description
    {0x3006002D, kX, "t"},  // ROI DateTime
    {0x3006002E, kX, "t"},  // ROI Observation DateTime
    {0x30060038, kX, "d"},  // ROI Generation Description
    {0x3006004D, kX, ""},  // ROI Creator Sequence
    {0x3006004E, kX, ""},  // ROI Interpreter Sequence
    {0x30060085, kX, "d"},  // ROI Observation Label
    {0x30060088, kX, "d"},  // ROI Observation Description
    {0x300600A6, kZ, ""},  // ROI Interpreter
    {0x300600C2, kU, "u"},  // Related Frame of Reference UID
    {0x30080024, kD, "t"},  // Treatment Control Point Date
    {0x30080025, kD, "t"},  // Treatment Control Point Time
    {0x30080054, kXD, "t"},  // First Treatment Date
    {0x30080056, kXD, "t"},  // Most Recent Treatment Date
    {0x30080105, kXZ, "m"},  // Source Serial Number
    {0x30080162, kD, "t"},  // Safe Position Exit Date
    {0x30080164, kD, "t"},  // Safe Position Exit Time
    {0x30080166, kD, "t"},  // Safe Position Return Date
    {0x30080168, kD, "t"},  // Safe Position Return Time
    {0x30080250, kXD, "t"},  // Treatment Date
    {0x30080251, kXD, "t"},  // Treatment Time
    {0x300A0002, kD, "d"},  // RT Plan Label
    {0x300A0003, kX, "d"},  // RT Plan Name
    {0x300A0004, kX, "d"},  // RT Plan Description
    {0x300A0006, kXD, "t"},  // RT Plan Date
    {0x300A0007, kXD, "t"},  // RT Plan Time
    {0x300A000B, kX, "d"},  // Treatment Sites
    {0x300A000E, kX, "d"},  // Prescription Description
    {0x300A0013, kU, "u"},  // Dose Reference UID
    {0x300A0016, kX, "d"},  // Dose Reference Description
    {0x300A0072, kX, "d"},  // Fraction Group Description
    {0x300A0083, kU, "u"},  // Referenced Dose Reference UID
    {0x300A00B2, kXZ, "m"},  // Treatment Machine Name
    {0x300A00C3, kX, "d"},  // Beam Description
    {0x300A00DD, kX, "d"},  // Bolus Description
    {0x300A0196, kX, "d"},  // Fixation Device Description
    {0x300A01A6, kX, "d"},  // Shielding Device Description
    {0x300A01B2, kX, "d"},  // Setup Technique Description
    {0x300A0216, kX, "m"},  // Source Manufacturer
    {0x300A022C, kD, "t"},  // Source Strength Reference Date
    {0x300A022E, kD, "t"},  // Source Strength Reference Time
    {0x300A02EB, kX, "d"},  // Compensator Description
    {0x300A0608, kD, "d"},  // Treatment Position Group Label
    {0x300A0609, kU, "u"},  // Treatment Position Group UID
    {0x300A0611, kZ, ""},  // RT Accessory Holder Slot ID
    {0x300A0615, kZ, ""},  // RT Accessory Device Slot ID
    {0x300A0619, kD, "d"},  // Radiation Dose Identification Label
    {0x300A0623, kD, "d"},  // Radiation Dose In-Vivo Measurement Label
    {0x300A062A, kD, "d"},  // RT Tolerance Set Label
    {0x300A0650, kU, "u"},  // Patient Setup UID
    {0x300A0676, kX, "d"},  // Equipment Frame of Reference Description
    {0x300A067C, kD, "d"},  // Radiation Generation Mode Label
    {0x300A067D, kZ, "d"},  // Radiation Generation Mode Description
    {0x300A0700, kU, "u"},  // Treatment Session UID
    {0x300A0734, kD, "d"},  // Treatment Tolerance Violation Description
    {0x300A0736, kD, "t"},  // Treatment Tolerance Violation DateTime
    {0x300A073A, kD, "t"},  // Recorded RT Control Point DateTime
    {0x300A0741, kD, "t"},  // Interlock DateTime
    {0x300A0742, kD, "d"},  // Interlock Description
    {0x300A0760, kD, "t"},  // Override DateTime
    {0x300A0783, kD, "d"},  // Interlock Origin Description
    {0x300A0785, kU, "u"},  // Referenced Treatment Position Group UID
    {0x300A078E, kX, "d"},  // Patient Treatment Preparation Procedure Parameter Description
    {0x300A0792, kX, "d"},  // Patient Treatment Preparation Method Description
    {0x300A0794, kX, "d"},  // Patient Setup Photo Description
    {0x300A079A, kX, "d"},  // Displacement Reference Label
    {0x300C0113, kX, "d"},  // Reason for Omission Description
    {0x300C0127, kD, "mt"},  // Beam Hold Transition DateTime
    {0x300E0004, kZ, "t"},  // Review Date
    {0x300E0005, kZ, "t"},  // Review Time
    {0x300E0008, kXZ, ""},  // Reviewer Name
    {0x30100006, kU, "u"},  // Conceptual Volume UID
    {0x3010000B, kU, "u"},  // Referenced Conceptual Volume UID
    {0x3010000F, kZ, "d"},  // Conceptual Volume Combination Description
    {0x30100013, kU, "u"},  // Constituent Conceptual Volume UID
    {0x30100015, kU, "u"},  // Source Conceptual Volume UID
    {0x30100017, kZ, "d"},  // Conceptual Volume Description
    {0x3010001B, kZ, ""},  // Device Alternate Identifier
    {0x3010002D, kD, "m"},  // Device Label
    {0x30100031, kU, "u"},  // Referenced Fiducials UID
    {0x30100033, kD, "d"},  // User Content Label
    {0x30100034, kD, "d"},  // User Content Long Label
    {0x30100035, kD, "d"},  // Entity Label
    {0x30100036, kX, "d"},  // Entity Name
    {0x30100037, kX, "d"},  // Entity Description
    {0x30100038, kD, "d"},  // Entity Long Label
    {0x3010003B, kU, "u"},  // RT Treatment Phase UID
    {0x30100043, kZ, "m"},  // Manufacturer's Device Identifier
    {0x3010004C, kXD, "t"},  // Intended Phase Start Date
    {0x3010004D, kXD, "t"},  // Intended Phase End Date
    {0x30100054, kD, "d"},  // RT Prescription Label
    {0x30100056, kXD, "d"},  // RT Treatment Approach Label
    {0x3010005A, kZ, "d"},  // RT Physician Intent Narrative
    {0x3010005C, kZ, "d"},  // Reason for Superseding
    {0x30100061, kX, "d"},  // Prior Treatment Dose Description
    {0x3010006E, kU, "u"},  // Dosimetric Objective UID
    {0x3010006F, kU, "u"},  // Referenced Dosimetric Objective UID
    {0x30100077, kXD, "d"},  // Treatment Site
    {0x3010007A, kZ, "d"},  // Treatment Technique Notes
    {0x3010007B, kZ, "d"},  // Prescription Notes
    {0x3010007F, kZ, "d"},  // Fractionation Notes
    {0x30100081, kZ, "d"},  // Prescription Notes Sequence
    {0x30100085, kX, "t"},  // Intended Fraction Start Time
    {0x40000010, kX, ""},  // Arbitrary
    {0x40004000, kX, ""},  // Text Comments
    {0x40080040, kX, ""},  // Results ID
    {0x40080042, kX, ""},  // Results ID Issuer
    {0x40080100, kX, "t"},  // Interpretation Recorded Date
    {0x40080101, kX, "t"},  // Interpretation Recorded Time
    {0x40080102, kX, ""},  // Interpretation Recorder
    {0x40080108, kX, "t"},  // Interpretation Transcription Date
    {0x40080109, kX, "t"},  // Interpretation Transcription Time
    {0x4008010A, kX, ""},  // Interpretation Transcriber
    {0x4008010B, kX, "d"},  // Interpretation Text
    {0x4008010C, kX, ""},  // Interpretation Author
    {0x40080111, kX, ""},  // Interpretation Approver Sequence
    {0x40080112, kX, "t"},  // Interpretation Approval Date
    {0x40080113, kX, "t"},  // Interpretation Approval Time
    {0x40080114, kX, ""},  // Physician Approving Interpretation
    {0x40080115, kX, "d"},  // Interpretation Diagnosis Description
    {0x40080118, kX, ""},  // Results Distribution List Sequence
    {0x40080119, kX, ""},  // Distribution Name
    {0x4008011A, kX, ""},  // Distribution Address
    {0x40080200, kX, ""},  // Interpretation ID
    {0x40080202, kX, ""},  // Interpretation ID Issuer
    {0x40080300, kX, "d"},  // Impressions
    {0x40084000, kX, "d"},  // Results Comments
    {0xFFFAFFFA, kX, ""},  // Digital Signatures Sequence
    {0xFFFCFFFC, kX, ""},  // Data Set Trailing Padding
};

/// Repeating groups and private attributes: what matches under `mask`.
struct GroupRow {
  std::uint32_t mask;
  ConfidentialityRow row;
};
constexpr GroupRow kGroups[] = {
    {0xFF010000, {0x50000000, kX, "g"}},  // Curve Data (50xx,xxxx)
    {0xFF01FFFF, {0x60003000, kX, "g"}},  // Overlay Data (60xx,3000)
    {0xFF01FFFF, {0x60004000, kX, "g"}},  // Overlay Comments (60xx,4000)
    {0x00010000, {0x00010000, kX, "f"}},  // Private Attributes (gggg,eeee), gggg odd
};

}  // namespace

std::span<const ConfidentialityRow> confidentiality_rows() { return kRows; }

std::span<const ConfidentialityRow> confidentiality_group_rows() {
  static constexpr auto kGroupRows = [] {
    std::array<ConfidentialityRow, std::size(kGroups)> rows{};
    for (std::size_t n = 0; n < rows.size(); ++n) rows[n] = kGroups[n].row;
    return rows;
  }();
  return kGroupRows;
}

const ConfidentialityRow* find_confidentiality_row(std::uint32_t tag) {
  static_assert(std::is_sorted(std::begin(kRows), std::end(kRows), [](const auto& a, const auto& b) { return a.tag < b.tag; }));
  const auto at = std::lower_bound(std::begin(kRows), std::end(kRows), tag, [](const ConfidentialityRow& row, std::uint32_t value) { return row.tag < value; });
  if (at != std::end(kRows) && at->tag == tag) return at;
  for (const GroupRow& group : kGroups)
    if ((tag & group.mask) == group.row.tag) return &group.row;
  return nullptr;
}

}  // namespace consilium::imaging
