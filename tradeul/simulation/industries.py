"""What companies of the simulated market do, and the words their names are made of.

Codes and descriptions are those of the Standard Industrial Classification; sectors are coarser. Nothing is drawn here.
"""

from typing import Final, NamedTuple


class Industry(NamedTuple):
    """A line of the classification, its sector, and the word that names of such companies have in the middle."""

    code: str
    description: str
    sector: str
    word: str


_ENERGY, _MATERIALS, _HEALTH = "Energy", "Basic Materials", "Healthcare"
_TECHNOLOGY, _FINANCE, _PROPERTY = "Technology", "Financial Services", "Real Estate"
_INDUSTRY, _CYCLICAL, _STAPLES = "Industrials", "Consumer Cyclical", "Consumer Defensive"
_UTILITIES, _COMMUNICATION = "Utilities", "Communication Services"

BLANK_CHECKS: Final = Industry("6770", "BLANK CHECKS", _FINANCE, "Acquisition")

INDUSTRIES: Final = (
    Industry("1040", "GOLD & SILVER ORES", _MATERIALS, "Gold"),
    Industry("1311", "CRUDE PETROLEUM & NATURAL GAS", _ENERGY, "Petroleum"),
    Industry("1381", "DRILLING OIL & GAS WELLS", _ENERGY, "Drilling"),
    Industry("2000", "FOOD AND KINDRED PRODUCTS", _STAPLES, "Foods"),
    Industry("2080", "BEVERAGES", _STAPLES, "Beverage"),
    Industry("2834", "PHARMACEUTICAL PREPARATIONS", _HEALTH, "Pharmaceuticals"),
    Industry("2836", "BIOLOGICAL PRODUCTS (NO DIAGNOSTIC SUBSTANCES)", _HEALTH, "Biosciences"),
    Industry("2834", "PHARMACEUTICAL PREPARATIONS", _HEALTH, "Therapeutics"),
    Industry("2860", "INDUSTRIAL ORGANIC CHEMICALS", _MATERIALS, "Chemical"),
    Industry("2911", "PETROLEUM REFINING", _ENERGY, "Refining"),
    Industry("3312", "STEEL WORKS, BLAST FURNACES & ROLLING & FINISHING MILLS", _MATERIALS, "Steel"),
    Industry("3571", "ELECTRONIC COMPUTERS", _TECHNOLOGY, "Computer"),
    Industry("3576", "COMPUTER COMMUNICATIONS EQUIPMENT", _TECHNOLOGY, "Networks"),
    Industry("3674", "SEMICONDUCTORS & RELATED DEVICES", _TECHNOLOGY, "Semiconductor"),
    Industry("3711", "MOTOR VEHICLES & PASSENGER CAR BODIES", _CYCLICAL, "Motors"),
    Industry("3714", "MOTOR VEHICLE PARTS & ACCESSORIES", _CYCLICAL, "Automotive"),
    Industry("3721", "AIRCRAFT", _INDUSTRY, "Aviation"),
    Industry("3812", "SEARCH, DETECTION, NAVIGATION, GUIDANCE, AERONAUTICAL SYS", _INDUSTRY, "Aerospace"),
    Industry("3826", "LABORATORY ANALYTICAL INSTRUMENTS", _HEALTH, "Instruments"),
    Industry("3841", "SURGICAL & MEDICAL INSTRUMENTS & APPARATUS", _HEALTH, "Surgical"),
    Industry("3845", "ELECTROMEDICAL & ELECTROTHERAPEUTIC APPARATUS", _HEALTH, "Medical"),
    Industry("4011", "RAILROADS, LINE-HAUL OPERATING", _INDUSTRY, "Rail"),
    Industry("4213", "TRUCKING (NO LOCAL)", _INDUSTRY, "Freight"),
    Industry("4412", "DEEP SEA FOREIGN TRANSPORTATION OF FREIGHT", _INDUSTRY, "Shipping"),
    Industry("4512", "AIR TRANSPORTATION, SCHEDULED", _INDUSTRY, "Airlines"),
    Industry("4813", "TELEPHONE COMMUNICATIONS (NO RADIOTELEPHONE)", _COMMUNICATION, "Communications"),
    Industry("4911", "ELECTRIC SERVICES", _UTILITIES, "Power"),
    Industry("4922", "NATURAL GAS TRANSMISSION", _ENERGY, "Pipeline"),
    Industry("5331", "RETAIL-VARIETY STORES", _STAPLES, "Stores"),
    Industry("5411", "RETAIL-GROCERY STORES", _STAPLES, "Markets"),
    Industry("5651", "RETAIL-FAMILY CLOTHING STORES", _CYCLICAL, "Outfitters"),
    Industry("5812", "RETAIL-EATING PLACES", _CYCLICAL, "Kitchens"),
    Industry("5961", "RETAIL-CATALOG & MAIL-ORDER HOUSES", _CYCLICAL, "Direct"),
    Industry("6021", "NATIONAL COMMERCIAL BANKS", _FINANCE, "National Bancorp"),
    Industry("6022", "STATE COMMERCIAL BANKS", _FINANCE, "Bancshares"),
    Industry("6211", "SECURITY BROKERS, DEALERS & FLOTATION COMPANIES", _FINANCE, "Securities"),
    Industry("6331", "FIRE, MARINE & CASUALTY INSURANCE", _FINANCE, "Insurance"),
    BLANK_CHECKS,
    Industry("6798", "REAL ESTATE INVESTMENT TRUSTS", _PROPERTY, "Realty Trust"),
    Industry("7011", "HOTELS & MOTELS", _CYCLICAL, "Hotels"),
    Industry("7372", "SERVICES-PREPACKAGED SOFTWARE", _TECHNOLOGY, "Software"),
    Industry("7370", "SERVICES-COMPUTER PROGRAMMING, DATA PROCESSING, ETC.", _TECHNOLOGY, "Data"),
    Industry("7374", "SERVICES-COMPUTER PROCESSING & DATA PREPARATION", _TECHNOLOGY, "Cloud"),
    Industry("8071", "SERVICES-MEDICAL LABORATORIES", _HEALTH, "Diagnostics"),
    Industry("8731", "SERVICES-COMMERCIAL PHYSICAL & BIOLOGICAL RESEARCH", _HEALTH, "Research"),
)

FIRST_WORDS: Final = (
    "Acorn", "Alder", "Amber", "Anchor", "Apex", "Arbor", "Argent", "Atlas", "Aurora", "Basalt", "Beacon", "Birch",
    "Blue Heron", "Bright", "Cedar", "Cobalt", "Copper", "Coral", "Crescent", "Delta", "Dover", "Eagle", "East River",
    "Elm", "Ember", "Falcon", "First", "Flint", "Garnet", "Glacier", "Granite", "Great Plains", "Harbor", "Hawthorn",
    "Helix", "Highland", "Horizon", "Iron", "Ivory", "Juniper", "Keystone", "Lakeside", "Lark", "Linden", "Lumen",
    "Maple", "Meridian", "Mesa", "Mistral", "North Star", "Nova", "Oak", "Onyx", "Orion", "Pacific", "Pine", "Pioneer",
    "Polar", "Prairie", "Quarry", "Quartz", "Raven", "Redwood", "Ridge", "Sable", "Sage", "Sierra", "Silver",
    "Sterling",
    "Summit", "Tamarack", "Terra", "Timber", "Union", "Valley", "Vantage", "Vector", "Vista", "Willow", "Zephyr",
)  # fmt: skip
SUFFIXES: Final = ("Inc.", "Corp.", "Holdings, Inc.", "Group Inc.", "Ltd.", "plc", "Company", "Partners, L.P.", "N.V.")
FUND_THEMES: Final = (
    "Total Market", "Dividend Growth", "Small Cap Value", "Treasury Bond", "Clean Energy", "Low Volatility",
    "Momentum", "Emerging Markets", "High Yield", "Short-Term Bond", "Equal Weight", "Gold Miners", "Daily 2X Bull",
    "Daily 2X Bear", "Covered Call", "Quality Factor",
)  # fmt: skip

FAMILIAR_NAMES: Final = {
    "SPY": "SPDR S&P 500 ETF Trust", "QQQ": "Invesco QQQ Trust, Series 1", "IWM": "iShares Russell 2000 ETF",
    "AAPL": "Apple Inc.", "MSFT": "Microsoft Corp", "NVDA": "Nvidia Corp", "TSLA": "Tesla, Inc.",
    "AMD": "Advanced Micro Devices", "F": "Ford Motor Company", "BAC": "Bank of America Corporation",
    "BACpL": "Bank of America Corporation Preferred Series L", "BACPL": "O'Neil & Söhne <ADR>",
    "BRK.A": "Berkshire Hathaway Inc. Class A", "BRK.B": "Berkshire Hathaway Inc. Class B",
    "AVAC": "Avalon Acquisition Corp.", "AVACU": "Avalon Acquisition Corp. Units",
    "AVACW": "Avalon Acquisition Corp. Warrants",
}  # fmt: skip
FAMILIAR_INDUSTRIES: Final = {
    "AAPL": "3571", "MSFT": "7372", "NVDA": "3674", "TSLA": "3711", "AMD": "3674", "F": "3711", "BAC": "6021",
    "BRK.A": "6331", "BRK.B": "6331", "AVAC": "6770",
}  # fmt: skip
ODD_NAMES: Final = (
    "O'Neil & Söhne {} <ADR>", '"{}" Café S.p.A.', "{} <b>Bold</b> Holdings", "{}\u00a0Zürich AG",
    "=SUM({}) Industries",
    "{}, Smith; Jones & Co.", "{} \u202eReversed plc", "Ełk {} Żagań S.A.",
)  # fmt: skip
